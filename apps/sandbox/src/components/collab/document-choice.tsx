import { Field } from '@base-ui/react/field'
import { Form } from '@base-ui/react/form'
import { useRouter } from '@tanstack/react-router'
import { documentName } from '../../lib/collab.ts'
import { Button } from '../ui/button.tsx'

/** Opens a document by its name; one that nobody has opened before is empty. */
export function DocumentChoice({ document }: { document: string }) {
  const router = useRouter()
  const open = (name: string) => void router.navigate({ to: '/sandbox/collab', search: { doc: name } })
  return (
    <Form
      className="grid grid-cols-1 gap-3 rounded-2xl border bg-surface p-5 text-sm"
      onFormSubmit={({ name }) => open(typeof name === 'string' ? name : document)}
    >
      <Field.Root
        name="name"
        validate={(value) =>
          typeof value === 'string' && documentName.test(value)
            ? null
            : 'Small letters, digits and hyphens, at most 40 characters.'
        }
        className="grid grid-cols-1 gap-1.5"
      >
        <Field.Label className="text-base font-semibold tracking-tight">Document</Field.Label>
        <Field.Control
          defaultValue={document}
          autoComplete="off"
          spellCheck={false}
          className="h-10 w-full min-w-0 rounded-lg border border-line-strong bg-surface px-3 data-invalid:border-danger"
        />
        <Field.Error className="text-sm text-danger" />
      </Field.Root>
      <Button type="submit" variant="secondary">
        Open
      </Button>
    </Form>
  )
}
