/** The admin's page: everything in one document, nothing from elsewhere. */

export const pageStyle = `
:root { color-scheme: light dark; --line: light-dark(#d4d4d8, #3f3f46); --muted: light-dark(#52525b, #a1a1aa);
  --page: light-dark(#fff, #121212); --shade: light-dark(#0004, #fff6) }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1.5rem; background: var(--page) }
h1 { font-size: 1.25rem } h2 { font-size: 1rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse; width: 100%; margin-top: .5rem }
/* A shade at each edge that hides columns; at the end of the way a piece of the page covers it. */
.scroll { overflow-x: auto; background:
  linear-gradient(to right, var(--page) 50%, transparent) left / 3rem 100% no-repeat local,
  linear-gradient(to left, var(--page) 50%, transparent) right / 3rem 100% no-repeat local,
  linear-gradient(to right, var(--shade), transparent) left / 1rem 100% no-repeat scroll,
  linear-gradient(to left, var(--shade), transparent) right / 1rem 100% no-repeat scroll }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); white-space: nowrap }
#channels td:first-child { overflow-wrap: anywhere; white-space: normal }
td.number, th.number, #nodes td:last-child { text-align: right; font-variant-numeric: tabular-nums }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end }
label { display: grid; gap: .15rem; color: var(--muted); font-size: .85rem }
label.wide { flex: 1 1 16rem }
input, button { font: inherit; font-size: 15px; padding: .3rem .5rem; border: 1px solid var(--line); border-radius: .3rem }
button { cursor: pointer }
.muted { color: var(--muted) }
@media (max-width: 40rem) { label { flex: 1 1 100% } input { width: 100%; box-sizing: border-box } }
[hidden] { display: none }
`

export const pageScript = `
'use strict'
const at = (id) => document.getElementById(id)
const base = location.pathname.replace(/[/]+$/, '')
let token = sessionStorage.getItem('token') || ''
let timer

const headers = () => (token === '' ? {} : { authorization: 'token ' + token })

async function call(method, params) {
  const body = JSON.stringify({ method, params })
  const response = await fetch(base + '/admin/api', { method: 'POST', headers: headers(), body })
  if (response.status === 401) {
    show(false)
    throw new Error('Log in again.')
  }
  if (!response.ok) throw new Error('The server answered ' + response.status + '.')
  const reply = await response.json()
  if (reply.error) throw new Error(reply.error.code + ': ' + reply.error.message)
  return reply.result
}

function rows(id, list) {
  const cells = (values) =>
    values.map((value) => {
      const cell = document.createElement('td')
      cell.textContent = String(value)
      if (typeof value === 'number') cell.className = 'number'
      return cell
    })
  at(id).replaceChildren(
    ...list.map((values) => {
      const row = document.createElement('tr')
      row.append(...cells(values))
      return row
    }),
  )
}

function say(text) {
  at('status').textContent = text
}

async function refresh() {
  clearTimeout(timer)
  try {
    const { nodes = [] } = await call('info', {})
    rows('nodes', nodes.map((node) => [
      node.name, node.version, node.num_clients || 0, node.num_users || 0, node.num_subs || 0, node.num_channels || 0,
      Math.floor((node.uptime || 0) / 60) + ' min',
    ]))
    const { channels = {} } = await call('channels', { pattern: at('pattern').value })
    const names = Object.keys(channels).sort((a, b) => channels[b].num_clients - channels[a].num_clients)
    rows('channels', names.slice(0, 200).map((name) => [name, channels[name].num_clients || 0]))
    at('more').textContent = names.length > 200 ? 'and ' + (names.length - 200) + ' more' : ''
    at('none').hidden = names.length > 0
  } catch (error) {
    say(error.message)
  }
  if (!at('main').hidden) timer = setTimeout(refresh, 5000)
}

function show(isIn) {
  at('main').hidden = !isIn
  at('login').hidden = isIn
  if (isIn) void refresh()
  else clearTimeout(timer)
}

function onSubmit(id, action) {
  at(id).addEventListener('submit', async (event) => {
    event.preventDefault()
    try {
      await action(new FormData(event.target), event.target)
    } catch (error) {
      say(error.message)
    }
  })
}

onSubmit('login', async (form, element) => {
  const response = await fetch(base + '/admin/auth', { method: 'POST', body: new URLSearchParams(form) })
  if (!response.ok) throw new Error('That is not the password.')
  token = (await response.json()).token
  sessionStorage.setItem('token', token)
  element.reset()
  say('')
  show(true)
})
onSubmit('publish', async (form) => {
  let data
  try {
    data = JSON.parse(form.get('data'))
  } catch {
    throw new Error('The data is not JSON.')
  }
  const { offset = 0 } = await call('publish', { channel: form.get('channel'), data })
  say(offset > 0 ? 'Published at offset ' + offset + '.' : 'Published.')
})
onSubmit('disconnect', async (form) => {
  await call('disconnect', { user: form.get('user') })
  say('Disconnected.')
  await refresh()
})
onSubmit('filter', refresh)
at('logout').addEventListener('click', () => {
  token = ''
  sessionStorage.removeItem('token')
  show(false)
})

fetch(base + '/admin/init', { headers: headers() })
  .then((response) => response.json())
  .then(({ authenticated, insecure }) => {
    at('logout').hidden = insecure
    show(authenticated)
  })
  .catch((error) => say(error.message))
`

export const adminPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Backchannel</title>
<style>${pageStyle}</style>
</head>
<body>
<h1>Backchannel</h1>
<p id="status" role="status" class="muted"></p>
<form id="login" hidden>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button>
</form>
<main id="main" hidden>
<h2>Nodes</h2>
<div class="scroll" role="region" aria-label="Nodes" tabindex="0">
<table>
<thead><tr><th>Name</th><th>Version</th><th class="number">Clients</th><th class="number">Users</th>
<th class="number">Subscriptions</th><th class="number">Channels</th><th class="number">Up</th></tr></thead>
<tbody id="nodes"></tbody>
</table>
</div>
<h2>Channels</h2>
<form id="filter">
<label>Pattern <input id="pattern" placeholder="chat:*"></label>
<button>Show</button>
</form>
<table>
<thead><tr><th>Channel</th><th class="number">Clients</th></tr></thead>
<tbody id="channels"></tbody>
</table>
<p id="none" class="muted">Nobody is subscribed to anything.</p>
<p id="more" class="muted"></p>
<h2>Publish</h2>
<form id="publish">
<label>Channel <input name="channel" required></label>
<label class="wide">Data (JSON) <input name="data" required></label>
<button>Publish</button>
</form>
<h2>Disconnect</h2>
<form id="disconnect">
<label>User <input name="user" required></label>
<button>Disconnect</button>
</form>
<p><button id="logout" type="button">Log out</button></p>
</main>
<script>${pageScript}</script>
</body>
</html>
`
