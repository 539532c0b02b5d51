import { placeOrder } from '#lib/server/realtime.ts'

export async function POST({ request, url }: { request: Request; url: URL }) {
  const { item } = (await request.json()) as { item: string }
  return Response.json(await placeOrder(item, url.searchParams.get('user') ?? 'nobody'), { status: 201 })
}
