import adapter from '@sveltejs/adapter-node'
import { sveltekit } from '@sveltejs/kit/vite'
import { defaultServerConditions, defineConfig } from 'vite'

export default defineConfig({
  plugins: [sveltekit({ adapter: adapter() })],
  // Only in this repository, where the packages are not built: an app of your own leaves this out.
  ssr: {
    noExternal: [/^@backchannel\//],
    resolve: { conditions: ['@backchannel/source', ...defaultServerConditions] },
  },
})
