import tailwindcss from '@tailwindcss/vite'
import { tanstackStart } from '@tanstack/react-start/plugin/vite'
import react from '@vitejs/plugin-react'
import { defaultClientConditions, defaultServerConditions, defineConfig } from 'vite'

// Workspace packages run from source; without the condition Vite would look for their dist/.
const source = '@backchannel/source'

// Bundled, it would look for its own dependencies from here, and find other versions of them.
const serverOnly = ['@backchannel/cache']

export default defineConfig({
  plugins: [tailwindcss(), tanstackStart(), react()],
  environments: {
    client: { resolve: { conditions: [source, ...defaultClientConditions] } },
    ssr: {
      resolve: {
        conditions: [source, ...defaultServerConditions],
        external: serverOnly,
        externalConditions: [source, 'node', 'module-sync'],
      },
      build: { rolldownOptions: { external: serverOnly } },
    },
  },
})
