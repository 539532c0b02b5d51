"""A client made with Centrifugo's official Python library.

It does what its standard input says, a line each, and tells what it hears on its standard output, a line of JSON each.
"""

import asyncio
import json
import sys

from centrifuge import Client, ClientEventHandler, SubscriptionEventHandler


def tell(event, **members):
    print(json.dumps({"event": event, **members}), flush=True)


class Codec:
    """Apps hand data over as values in JSON, as bytes in Protobuf."""

    def __init__(self, name):
        self.is_protobuf = name == "protobuf"

    def read(self, data):
        return json.loads(data) if self.is_protobuf else data

    def write(self, text):
        return text.encode() if self.is_protobuf else json.loads(text)


class ConnectionEvents(ClientEventHandler):
    async def on_connected(self, ctx):
        tell("connected")

    async def on_disconnected(self, ctx):
        tell("disconnected", code=ctx.code)

    async def on_error(self, ctx):
        tell("error", doing="connection", message=str(ctx.error))


class ChannelEvents(SubscriptionEventHandler):
    def __init__(self, codec):
        self.codec = codec

    async def on_subscribed(self, ctx):
        tell("subscribed", recovering=ctx.was_recovering, recovered=ctx.recovered)

    async def on_publication(self, ctx):
        publisher = {"user": ctx.pub.info.user} if ctx.pub.info else {}
        tell("publication", data=self.codec.read(ctx.pub.data), offset=ctx.pub.offset, **publisher)

    async def on_error(self, ctx):
        tell("error", doing="subscription", message=str(ctx.error))


async def run(client, subscription, codec, verb, rest):
    if verb == "connect":
        await client.connect()
    elif verb == "disconnect":
        await client.disconnect()
    elif verb == "subscribe":
        await subscription.subscribe()
    elif verb == "publish":
        await subscription.publish(codec.write(rest))
    elif verb == "presence":
        result = await subscription.presence()
        tell("presence", users=sorted(info.user for info in result.clients.values()))
    elif verb == "history":
        result = await subscription.history(limit=-1)
        data = [codec.read(publication.data) for publication in result.publications]
        tell("history", data=data, offset=result.offset)
    else:
        raise ValueError(f"no such command: {verb}")


async def main(codec_name, url, token, channel):
    codec = Codec(codec_name)
    client = Client(url, events=ConnectionEvents(), token=token, use_protobuf=codec.is_protobuf)
    subscription = client.new_subscription(channel, events=ChannelEvents(codec))
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        verb, _, rest = line.rstrip("\n").partition(" ")
        try:
            await run(client, subscription, codec, verb, rest)
        except Exception as error:
            tell("error", doing=verb, message=str(error))
    await client.disconnect()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: client.py json|protobuf URL TOKEN CHANNEL")
    asyncio.run(main(*sys.argv[1:]))
