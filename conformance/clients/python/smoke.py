"""The official Python client against a server: what it hears and is told, one JSON value per line.

A line on stdin, or its end, ends the program.
"""

import asyncio
import json
import os
import sys

from centrifuge import Client, ClientEventHandler, SubscriptionEventHandler


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}, sort_keys=True), flush=True)


def value_of(data):
    return json.loads(data) if isinstance(data, bytes) else data


class Connection(ClientEventHandler):
    async def on_connected(self, ctx):
        tell("connected")

    async def on_connecting(self, ctx):
        tell("connecting")

    async def on_disconnected(self, ctx):
        tell("disconnected", code=ctx.code)

    async def on_error(self, ctx):
        print(ctx, file=sys.stderr)


class Listening(SubscriptionEventHandler):
    async def on_subscribed(self, ctx):
        tell("subscribed", recovered=ctx.recovered)

    async def on_publication(self, ctx):
        tell("publication", data=value_of(ctx.pub.data))

    async def on_error(self, ctx):
        print(ctx, file=sys.stderr)


async def main():
    is_protobuf = os.environ["CODEC"] == "protobuf"
    encode = (lambda value: json.dumps(value).encode()) if is_protobuf else (lambda value: value)
    client = Client(
        os.environ["URL"],
        events=Connection(),
        token=os.environ["TOKEN"],
        use_protobuf=is_protobuf,
        min_reconnect_delay=0.3,
        max_reconnect_delay=0.5,
    )
    subscription = client.new_subscription(os.environ["CHANNEL"], events=Listening(), recoverable=True)
    await client.connect()
    await client.ready()
    await subscription.subscribe()
    await subscription.ready()

    await subscription.publish(encode({"from": "client"}))
    presence = await subscription.presence()
    tell("presence", users=sorted(info.user for info in presence.clients.values()))
    stats = await subscription.presence_stats()
    tell("presence stats", clients=stats.num_clients, users=stats.num_users)
    history = await subscription.history(limit=10)
    tell("history", data=[value_of(publication.data) for publication in history.publications], offset=history.offset)

    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    await client.disconnect()


asyncio.run(main())
