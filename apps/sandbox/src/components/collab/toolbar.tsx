import { Popover } from '@base-ui/react/popover'
import { Toolbar } from '@base-ui/react/toolbar'
import {
  Bold,
  Code,
  Heading1,
  Heading2,
  Italic,
  Link2,
  List,
  ListChecks,
  ListOrdered,
  type LucideIcon,
  Quote,
  Redo2,
  SquareCode,
  Strikethrough,
  Undo2,
} from 'lucide-react'
import type { Editor } from 'prosekit/core'
import { useEditor, useEditorDerivedValue } from 'prosekit/react'
import { useState } from 'react'
import { Button } from '../ui/button.tsx'
import type { EditorExtension } from './extension.ts'
import { safeHref } from './safe-link.ts'

interface Item {
  readonly name: string
  readonly Icon: LucideIcon
  readonly isActive?: boolean
  readonly canRun: boolean
  readonly run: () => void
}

/** What can be done where the cursor is. */
function itemsOf({ commands, marks, nodes }: Editor<EditorExtension>): Item[][] {
  const mark = (name: string, Icon: LucideIcon, command: typeof commands.toggleBold, isActive: boolean): Item => ({
    name,
    Icon,
    isActive,
    canRun: command.canExec(),
    run: () => void command(),
  })
  const heading = (level: 1 | 2, Icon: LucideIcon): Item => ({
    name: `Heading ${level}`,
    Icon,
    isActive: nodes.heading.isActive({ level }),
    canRun: commands.toggleHeading.canExec({ level }),
    run: () => void commands.toggleHeading({ level }),
  })
  const list = (name: string, kind: 'bullet' | 'ordered' | 'task', Icon: LucideIcon): Item => ({
    name,
    Icon,
    isActive: nodes.list.isActive({ kind }),
    canRun: commands.toggleList.canExec({ kind }),
    run: () => void commands.toggleList({ kind }),
  })
  return [
    [
      { name: 'Undo', Icon: Undo2, canRun: commands.undo.canExec(), run: () => void commands.undo() },
      { name: 'Redo', Icon: Redo2, canRun: commands.redo.canExec(), run: () => void commands.redo() },
    ],
    [
      mark('Bold', Bold, commands.toggleBold, marks.bold.isActive()),
      mark('Italic', Italic, commands.toggleItalic, marks.italic.isActive()),
      mark('Strikethrough', Strikethrough, commands.toggleStrike, marks.strike.isActive()),
      mark('Code', Code, commands.toggleCode, marks.code.isActive()),
    ],
    [
      heading(1, Heading1),
      heading(2, Heading2),
      list('Bullet list', 'bullet', List),
      list('Numbered list', 'ordered', ListOrdered),
      list('Task list', 'task', ListChecks),
      {
        name: 'Quote',
        Icon: Quote,
        isActive: nodes.blockquote.isActive(),
        canRun: commands.toggleBlockquote.canExec(),
        run: () => void commands.toggleBlockquote(),
      },
      {
        name: 'Code block',
        Icon: SquareCode,
        isActive: nodes.codeBlock.isActive(),
        canRun: commands.toggleCodeBlock.canExec(),
        run: () => void commands.toggleCodeBlock(),
      },
    ],
  ]
}

export function EditorToolbar() {
  const groups = useEditorDerivedValue(itemsOf)
  return (
    <Toolbar.Root
      aria-label="Formatting"
      className="sticky top-16 z-10 flex flex-wrap items-center gap-1 border-b bg-surface px-3 py-2 max-sm:static sm:px-5"
    >
      {groups.map((items, index) => (
        <Toolbar.Group key={index} className="flex flex-wrap items-center gap-0.5">
          {index > 0 ? <Toolbar.Separator className="mx-1 h-6 w-px bg-line max-sm:hidden" /> : null}
          {items.map(({ name, Icon, isActive, canRun, run }) => (
            <Toolbar.Button
              key={name}
              aria-label={name}
              title={name}
              {...(isActive === undefined ? {} : { 'aria-pressed': isActive })}
              disabled={!canRun}
              // A press that took the focus would lose the selection that it is about.
              onPointerDown={(event) => event.preventDefault()}
              onClick={run}
              className={buttonLook}
            >
              <Icon aria-hidden className="size-4.5" />
            </Toolbar.Button>
          ))}
        </Toolbar.Group>
      ))}
      <Toolbar.Separator className="mx-1 h-6 w-px bg-line max-sm:hidden" />
      <LinkButton />
    </Toolbar.Root>
  )
}

const buttonLook =
  'grid size-9 shrink-0 place-content-center rounded-md text-ink-soft hover:bg-sunken hover:text-ink ' +
  'aria-pressed:bg-accent-soft aria-pressed:text-accent data-disabled:opacity-40 data-disabled:hover:bg-transparent'

function LinkButton() {
  const editor = useEditor<EditorExtension>()
  const { isActive, canRun } = useEditorDerivedValue(linkState)
  const [open, setOpen] = useState(false)
  const [problem, setProblem] = useState<string>()

  const apply = (typed: string) => {
    const href = safeHref(typed.trim())
    if (typed.trim() === '' || href === undefined) {
      setProblem('An address such as https://example.com')
      return
    }
    editor.commands.addLink({ href })
    setOpen(false)
    editor.focus()
  }

  if (isActive) {
    return (
      <Toolbar.Button
        aria-label="Remove link"
        title="Remove link"
        aria-pressed
        onPointerDown={(event) => event.preventDefault()}
        onClick={() => void editor.commands.removeLink()}
        className={buttonLook}
      >
        <Link2 aria-hidden className="size-4.5" />
      </Toolbar.Button>
    )
  }
  return (
    <Popover.Root
      open={open}
      onOpenChange={(next) => {
        setProblem(undefined)
        setOpen(next)
      }}
    >
      <Toolbar.Button
        render={<Popover.Trigger />}
        aria-label="Link"
        title="Link"
        disabled={!canRun}
        className={buttonLook}
      >
        <Link2 aria-hidden className="size-4.5" />
      </Toolbar.Button>
      <Popover.Portal>
        <Popover.Positioner sideOffset={8} className="z-30">
          <Popover.Popup
            aria-label="Link"
            className="w-80 max-w-[calc(100vw-2rem)] rounded-xl border bg-surface p-3 shadow-card outline-none"
          >
            <form
              className="grid gap-2"
              onSubmit={(event) => {
                event.preventDefault()
                const typed = new FormData(event.currentTarget).get('href')
                apply(typeof typed === 'string' ? typed : '')
              }}
            >
              <label className="grid gap-1.5 text-sm font-medium">
                Address
                <input
                  name="href"
                  autoComplete="off"
                  placeholder="https://example.com"
                  className="h-10 rounded-lg border border-line-strong bg-surface px-3 font-normal"
                />
              </label>
              {problem === undefined ? null : (
                <p role="alert" className="text-sm text-danger">
                  {problem}
                </p>
              )}
              <Button type="submit">Link the selection</Button>
            </form>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}

function linkState({ state, marks, commands }: Editor<EditorExtension>) {
  return { isActive: marks.link.isActive(), canRun: !state.selection.empty && commands.addLink.canExec({ href: '' }) }
}
