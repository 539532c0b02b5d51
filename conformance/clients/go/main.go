// A client made with Centrifugo's official Go library that does what its standard input says, a line each, and tells
// what it hears on its standard output, a line of JSON each.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

var output sync.Mutex

// tell writes one line: an event, and what belongs to it.
func tell(event string, members map[string]any) {
	line := map[string]any{"event": event}
	for name, value := range members {
		line[name] = value
	}
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(text))
}

func tellError(doing string, err error) {
	tell("error", map[string]any{"doing": doing, "message": err.Error()})
}

func raw(publications []centrifuge.Publication) []json.RawMessage {
	data := []json.RawMessage{}
	for _, publication := range publications {
		data = append(data, publication.Data)
	}
	return data
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: goclient json|protobuf URL TOKEN CHANNEL")
		os.Exit(2)
	}
	codec, url, token, channel := os.Args[1], os.Args[2], os.Args[3], os.Args[4]

	newClient := centrifuge.NewJsonClient
	if codec == "protobuf" {
		newClient = centrifuge.NewProtobufClient
	}
	client := newClient(url, centrifuge.Config{Token: token})
	client.OnConnected(func(centrifuge.ConnectedEvent) { tell("connected", nil) })
	client.OnDisconnected(func(event centrifuge.DisconnectedEvent) {
		tell("disconnected", map[string]any{"code": event.Code})
	})
	client.OnError(func(event centrifuge.ErrorEvent) { tellError("connection", event.Error) })

	subscription, err := client.NewSubscription(channel)
	if err != nil {
		panic(err)
	}
	subscription.OnSubscribed(func(event centrifuge.SubscribedEvent) {
		tell("subscribed", map[string]any{"recovering": event.WasRecovering, "recovered": event.Recovered})
	})
	subscription.OnError(func(event centrifuge.SubscriptionErrorEvent) { tellError("subscription", event.Error) })
	subscription.OnPublication(func(event centrifuge.PublicationEvent) {
		members := map[string]any{"data": json.RawMessage(event.Data), "offset": event.Offset}
		if event.Info != nil {
			members["user"] = event.Info.User
		}
		tell("publication", members)
	})

	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		verb, rest, _ := strings.Cut(input.Text(), " ")
		if err := run(client, subscription, verb, rest); err != nil {
			tellError(verb, err)
		}
	}
	client.Close()
}

func run(client *centrifuge.Client, subscription *centrifuge.Subscription, verb, rest string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	switch verb {
	case "connect":
		return client.Connect()
	case "disconnect":
		return client.Disconnect()
	case "subscribe":
		return subscription.Subscribe()
	case "publish":
		_, err := subscription.Publish(ctx, []byte(rest))
		return err
	case "presence":
		result, err := subscription.Presence(ctx)
		if err != nil {
			return err
		}
		users := []string{}
		for _, info := range result.Clients {
			users = append(users, info.User)
		}
		sort.Strings(users)
		tell("presence", map[string]any{"users": users})
	case "history":
		result, err := subscription.History(ctx, centrifuge.WithHistoryLimit(-1))
		if err != nil {
			return err
		}
		tell("history", map[string]any{"data": raw(result.Publications), "offset": result.Offset})
	default:
		return fmt.Errorf("no such command: %s", verb)
	}
	return nil
}
