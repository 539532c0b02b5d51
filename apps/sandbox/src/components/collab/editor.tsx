import type { CollabSession } from '@backchannel/collab'
import { createEditor } from 'prosekit/core'
import { defineReadonly } from 'prosekit/extensions/readonly'
import { ProseKit, useExtension } from 'prosekit/react'
import { useCallback, useMemo } from 'react'
import { useCollabValue } from '../../lib/use-collab.ts'
import './editor.css'
import { defineEditor } from './extension.ts'
import { EditorToolbar } from './toolbar.tsx'

/** The text, with everybody's cursors in it. */
export function CollabEditor({ session, label }: { session: CollabSession; label: string }) {
  const editor = useMemo(() => createEditor({ extension: defineEditor(session) }), [session])
  const mount = useCallback((place: HTMLElement | null) => editor.mount(place), [editor])
  const readOnly = useCollabValue(session, ({ access }) => access === 'read')
  return (
    <ProseKit editor={editor}>
      {readOnly ? <ReadOnly /> : <EditorToolbar />}
      <div
        ref={mount}
        role="textbox"
        aria-multiline
        aria-label={label}
        aria-readonly={readOnly}
        className="ProseMirror collab-text min-h-96 px-5 py-6 outline-none sm:px-8 sm:py-8"
      />
    </ProseKit>
  )
}

const readonlyExtension = defineReadonly()

function ReadOnly() {
  useExtension(readonlyExtension)
  return (
    <p className="border-b bg-sunken px-5 py-3 text-sm text-ink-soft sm:px-8">
      You are reading. The server lets nothing through that is typed here.
    </p>
  )
}
