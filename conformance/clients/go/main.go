// The official Go client against a server: what it hears and is told, one JSON value per line. A line on stdin, or its
// end, ends the program.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"
	"sort"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

type fields map[string]any

var output sync.Mutex

func tell(event string, more fields) {
	line := fields{"event": event}
	for name, value := range more {
		line[name] = value
	}
	text, err := json.Marshal(line)
	if err != nil {
		log.Fatal(err)
	}
	output.Lock()
	defer output.Unlock()
	os.Stdout.Write(append(text, '\n'))
}

func must[Value any](value Value, err error) Value {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	config := centrifuge.Config{Token: os.Getenv("TOKEN")}
	var client *centrifuge.Client
	if os.Getenv("CODEC") == "protobuf" {
		client = centrifuge.NewProtobufClient(os.Getenv("URL"), config)
	} else {
		client = centrifuge.NewJsonClient(os.Getenv("URL"), config)
	}
	client.OnConnected(func(centrifuge.ConnectedEvent) { tell("connected", nil) })
	client.OnConnecting(func(centrifuge.ConnectingEvent) { tell("connecting", nil) })
	client.OnDisconnected(func(event centrifuge.DisconnectedEvent) { tell("disconnected", fields{"code": event.Code}) })
	client.OnError(func(event centrifuge.ErrorEvent) { log.Print(event.Error) })

	subscription := must(client.NewSubscription(os.Getenv("CHANNEL"), centrifuge.SubscriptionConfig{Recoverable: true}))
	subscription.OnSubscribed(func(event centrifuge.SubscribedEvent) {
		tell("subscribed", fields{"recovered": event.Recovered})
	})
	subscription.OnPublication(func(event centrifuge.PublicationEvent) {
		tell("publication", fields{"data": json.RawMessage(event.Data)})
	})
	subscription.OnError(func(event centrifuge.SubscriptionErrorEvent) { log.Print(event.Error) })

	if err := client.Connect(); err != nil {
		log.Fatal(err)
	}
	if err := subscription.Subscribe(); err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	// Each of these waits until the subscription stands.
	must(subscription.Publish(ctx, []byte(`{"from":"client"}`)))
	users := []string{}
	for _, info := range must(subscription.Presence(ctx)).Clients {
		users = append(users, info.User)
	}
	sort.Strings(users)
	tell("presence", fields{"users": users})
	stats := must(subscription.PresenceStats(ctx))
	tell("presence stats", fields{"clients": stats.NumClients, "users": stats.NumUsers})
	history := must(subscription.History(ctx, centrifuge.WithHistoryLimit(10)))
	data := []json.RawMessage{}
	for _, publication := range history.Publications {
		data = append(data, publication.Data)
	}
	tell("history", fields{"data": data, "offset": history.Offset})

	bufio.NewReader(os.Stdin).ReadString('\n')
	client.Close()
}
