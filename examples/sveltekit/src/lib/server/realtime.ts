/** Who hears what: one instance per driver, with the same shop behind both. */
import { createRealtime } from '@backchannel/realtime'

interface Order {
  number: number
  item: string
  by: string
}

interface ShopEvents {
  order: Order
  receipt: { number: number }
  cook: { item: string }
  welcome: { name: string }
}

/** Only for an example: a real app reads its session's cookie here. */
const authenticate = (request: Request) => new URL(request.url).searchParams.get('user')

// With an id, an edit of this file in development finds the connections that are there.
export const events = createRealtime<ShopEvents>({ id: 'events', authenticate })
export const live = createRealtime<ShopEvents>({ id: 'live', driver: 'websocket', authenticate })

// Clients ask to join; who they are is known by now.
live.channel('kitchen', {
  onJoin: async (connection, userId) => {
    await live.sendTo(connection, { event: 'welcome', data: { name: userId ?? 'stranger' } })
  },
})

let count = 0

/** @returns the order, and how many of the customer's pages have got a receipt */
export async function placeOrder(item: string, by: string): Promise<Order & { receipts: number }> {
  const order = { number: ++count, item, by }
  await events.broadcast({ event: 'order', data: order })
  const receipts = await events.sendTo(by, { event: 'receipt', data: { number: order.number } })
  await live.toChannel('kitchen').broadcast({ event: 'cook', data: { item } })
  return { ...order, receipts }
}
