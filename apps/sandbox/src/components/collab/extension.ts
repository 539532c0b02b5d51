/** What the editor knows: the parts of ProseKit's basic extension without its history, since Yjs has the undo. */
import { defineCollab, type CollabSession } from '@backchannel/collab'
import { defineBaseCommands, defineBaseKeymap, union } from 'prosekit/core'
import { defineBlockquote } from 'prosekit/extensions/blockquote'
import { defineBold } from 'prosekit/extensions/bold'
import { defineCode } from 'prosekit/extensions/code'
import { defineCodeBlock } from 'prosekit/extensions/code-block'
import { defineDoc } from 'prosekit/extensions/doc'
import { defineGapCursor } from 'prosekit/extensions/gap-cursor'
import { defineHardBreak } from 'prosekit/extensions/hard-break'
import { defineHeading } from 'prosekit/extensions/heading'
import { defineHorizontalRule } from 'prosekit/extensions/horizontal-rule'
import { defineItalic } from 'prosekit/extensions/italic'
import { defineList } from 'prosekit/extensions/list'
import { defineModClickPrevention } from 'prosekit/extensions/mod-click-prevention'
import { defineParagraph } from 'prosekit/extensions/paragraph'
import { definePlaceholder } from 'prosekit/extensions/placeholder'
import { defineStrike } from 'prosekit/extensions/strike'
import { defineText } from 'prosekit/extensions/text'
import { defineVirtualSelection } from 'prosekit/extensions/virtual-selection'
import { defineSafeLink } from './safe-link.ts'

export function defineEditor(session: CollabSession) {
  return union(
    defineDoc(),
    defineText(),
    defineParagraph(),
    defineHeading(),
    defineList(),
    defineBlockquote(),
    defineCodeBlock(),
    defineHorizontalRule(),
    defineHardBreak(),
    defineBold(),
    defineItalic(),
    defineStrike(),
    defineCode(),
    defineSafeLink(),
    defineBaseKeymap(),
    defineBaseCommands(),
    defineGapCursor(),
    defineVirtualSelection(),
    defineModClickPrevention(),
    definePlaceholder({ placeholder: 'Write something. Everybody who has this document open sees it.' }),
    defineCollab(session),
  )
}

export type EditorExtension = ReturnType<typeof defineEditor>
