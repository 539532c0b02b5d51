import { backchannel } from '@backchannel/realtime/vite'
import adapter from '@sveltejs/adapter-node'
import { sveltekit } from '@sveltejs/kit/vite'
import { defaultServerConditions, defineConfig } from 'vite'

export default defineConfig({
  // In development upgrades reach the app's routes through the plugin; in production server.ts sees to it.
  plugins: [sveltekit({ adapter: adapter() }), backchannel()],
  // Only in this repository, where the packages are not built: an app of your own leaves this out.
  ssr: {
    noExternal: [/^@backchannel\//],
    resolve: { conditions: ['@backchannel/source', ...defaultServerConditions] },
  },
})
