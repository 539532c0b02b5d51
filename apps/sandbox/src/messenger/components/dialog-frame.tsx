import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Dialog } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import { useRef, type ReactNode } from 'react'
import { Button } from '../../components/ui/button.tsx'
import { Notice } from '../../components/ui/notice.tsx'
import { useRequest } from '../react/use-request.ts'
import { IconButton } from './icon-button.tsx'

const backdrop =
  'fixed inset-0 z-40 bg-black/40 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0 motion-reduce:transition-none'
const popup =
  'fixed top-4 left-1/2 z-50 grid max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] max-w-md -translate-x-1/2 grid-cols-1 overflow-y-auto rounded-2xl border bg-surface p-5 text-sm shadow-card outline-none sm:top-[12dvh] sm:max-h-[76dvh]'

export function DialogFrame({
  title,
  open,
  onClose,
  children,
}: {
  title: string
  open: boolean
  onClose: () => void
  children: ReactNode
}) {
  const frame = useRef<HTMLDivElement>(null)
  return (
    <Dialog.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={backdrop} />
        <Dialog.Popup
          ref={frame}
          className={popup}
          // What it was opened for is its field. On a phone the keyboard would cover the rest.
          initialFocus={(by) => (by === 'touch' ? true : (frame.current?.querySelector('input') ?? true))}
        >
          <div className="-mt-1 mb-3 flex items-center gap-2">
            <Dialog.Title className="min-w-0 grow truncate text-base font-semibold tracking-tight">
              {title}
            </Dialog.Title>
            <Dialog.Close render={<IconButton label="Close" Icon={X} className="-mr-2" />} />
          </div>
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** Asks before what can't be undone. It stays open until that is done, and says why it could not be. */
export function ConfirmDialog({
  title,
  text,
  action,
  open,
  onClose,
  onConfirm,
}: {
  title: string
  text: string
  action: string
  open: boolean
  onClose: () => void
  onConfirm: () => Promise<void>
}) {
  const { busy, failure, run, forget } = useRequest()
  const close = () => {
    forget()
    onClose()
  }
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => (next ? undefined : close())}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={backdrop} />
        <AlertDialog.Popup className={popup}>
          <AlertDialog.Title className="text-base font-semibold tracking-tight wrap-anywhere">
            {title}
          </AlertDialog.Title>
          <AlertDialog.Description className="mt-2 leading-relaxed text-ink-soft">{text}</AlertDialog.Description>
          <div role="alert" className="mt-3 empty:hidden">
            {failure === undefined ? null : <Notice tone="bad">{failure}</Notice>}
          </div>
          <div className="mt-5 flex justify-end gap-2">
            <AlertDialog.Close render={<Button variant="secondary" />}>Cancel</AlertDialog.Close>
            <Button
              disabled={busy}
              focusableWhenDisabled
              className="bg-danger text-paper hover:bg-danger hover:opacity-90"
              onClick={() =>
                void run(async () => {
                  await onConfirm()
                  onClose()
                })
              }
            >
              {action}
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
