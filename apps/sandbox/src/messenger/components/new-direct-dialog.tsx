import { useMessenger } from '../react/messenger-provider.tsx'
import { useMessengerNavigation } from '../react/use-navigation.ts'
import { DialogFrame } from './dialog-frame.tsx'
import { PeoplePicker } from './people-picker.tsx'

export function NewDirectDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const messenger = useMessenger()
  const { toRoom } = useMessengerNavigation()
  return (
    <DialogFrame title="New direct message" open={open} onClose={onClose}>
      <PeoplePicker
        onChoose={async ({ id }) => {
          const roomId = await messenger.openDirect(id)
          onClose()
          toRoom(roomId)
        }}
      />
    </DialogFrame>
  )
}
