import { Field } from '@base-ui/react/field'
import { Form } from '@base-ui/react/form'
import { Radio } from '@base-ui/react/radio'
import { RadioGroup } from '@base-ui/react/radio-group'
import { Lock, Users } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/ui/button.tsx'
import { Notice } from '../../components/ui/notice.tsx'
import { limits } from '../model.ts'
import { useMessenger } from '../react/messenger-provider.tsx'
import { useMessengerNavigation } from '../react/use-navigation.ts'
import { useRequest } from '../react/use-request.ts'
import { DialogFrame } from './dialog-frame.tsx'

const kinds = [
  { kind: 'public', label: 'Public', text: 'Everybody finds it and may join.', Icon: Users },
  { kind: 'private', label: 'Private', text: 'Only for those whom a member invites.', Icon: Lock },
] as const

export function NewRoomDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <DialogFrame title="New room" open={open} onClose={onClose}>
      <NewRoomForm onDone={onClose} />
    </DialogFrame>
  )
}

function NewRoomForm({ onDone }: { onDone: () => void }) {
  const messenger = useMessenger()
  const { toRoom } = useMessengerNavigation()
  const [kind, setKind] = useState<'public' | 'private'>('public')
  const { busy, failure, run } = useRequest()
  const create = (name: string) =>
    run(async () => {
      const roomId = await messenger.createRoom({ name, kind })
      onDone()
      toRoom(roomId)
    })
  return (
    <Form
      className="grid grid-cols-1 gap-4"
      onFormSubmit={({ name }) => void create(typeof name === 'string' ? name.trim() : '')}
    >
      <Field.Root
        name="name"
        validate={(value) => (typeof value === 'string' && value.trim() !== '' ? null : 'Give the room a name.')}
        className="grid grid-cols-1 gap-1.5"
      >
        <Field.Label className="font-medium">Name</Field.Label>
        <Field.Control
          autoComplete="off"
          maxLength={limits.roomNameLength}
          className="h-11 w-full min-w-0 rounded-lg border border-line-strong bg-surface px-3 text-base data-invalid:border-danger sm:text-sm"
        />
        <Field.Error className="text-danger" />
      </Field.Root>
      <RadioGroup aria-label="Who may join" value={kind} onValueChange={setKind} className="grid grid-cols-1 gap-2">
        {kinds.map(({ kind: one, label, text, Icon }) => (
          <Radio.Root
            key={one}
            value={one}
            aria-label={label}
            aria-describedby={`new-room-${one}`}
            className="flex items-start gap-3 rounded-xl border p-3 text-left data-checked:border-accent data-checked:bg-accent-soft"
          >
            <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
            <span className="grid gap-0.5">
              <span className="font-medium">{label}</span>
              <span id={`new-room-${one}`} className="text-ink-soft">
                {text}
              </span>
            </span>
          </Radio.Root>
        ))}
      </RadioGroup>
      <div role="alert" className="empty:hidden">
        {failure === undefined ? null : <Notice tone="bad">{failure}</Notice>}
      </div>
      <Button type="submit" disabled={busy} focusableWhenDisabled>
        {busy ? 'Creating' : 'Create room'}
      </Button>
    </Form>
  )
}
