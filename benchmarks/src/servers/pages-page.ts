/** A page as a server-rendered React app has them: a table of orders, made anew for each visitor. About 4 ms of CPU. */
import { createElement, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'

const rows = 480
const products = ['Anvil', 'Bicycle pump', 'Compass', 'Desk lamp', 'Easel'] as const

interface Order {
  readonly id: number
  readonly product: string
  readonly quantity: number
  readonly price: number
  readonly isPaid: boolean
}

let visits = 0

function ordersOf(visit: number): Order[] {
  return Array.from({ length: rows }, (_, index) => ({
    id: visit * rows + index,
    product: products[index % products.length] ?? '',
    quantity: 1 + ((visit + index) % 9),
    price: 5 + ((visit * 31 + index * 17) % 500) / 10,
    isPaid: (visit + index) % 3 > 0,
  }))
}

const Money = ({ amount }: { amount: number }) =>
  createElement('span', { className: 'money', title: 'Euro' }, '€ ', amount.toFixed(2))

const Badge = ({ isPaid }: { isPaid: boolean }) =>
  createElement('span', { className: isPaid ? 'badge paid' : 'badge open' }, isPaid ? 'paid' : 'open')

const Cell = ({ children }: { children: ReactNode }) => createElement('td', { className: 'cell' }, children)

const Row = ({ order: { id, product, quantity, price, isPaid } }: { order: Order }) =>
  createElement(
    'tr',
    { id: `order-${id}` },
    createElement(Cell, null, createElement('a', { href: `/orders/${id}` }, product, ' & more')),
    createElement(Cell, null, quantity),
    createElement(Cell, null, createElement(Money, { amount: price * quantity })),
    createElement(Cell, null, createElement(Badge, { isPaid })),
  )

const Page = ({ orders }: { orders: readonly Order[] }) =>
  createElement(
    'html',
    { lang: 'en' },
    createElement('head', null, createElement('title', null, 'Orders')),
    createElement(
      'body',
      null,
      createElement('h1', null, orders.length, ' orders'),
      createElement(
        'table',
        null,
        createElement(
          'tbody',
          null,
          orders.map((order) => createElement(Row, { key: order.id, order })),
        ),
      ),
    ),
  )

export function renderPage(): string {
  return `<!doctype html>${renderToString(createElement(Page, { orders: ordersOf(visits++) }))}`
}
