package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/encoding/protowire"
)

// Signalling is LiveKit's older form, with a connection for sending and one for receiving, or today's with one.
type Signalling string

const (
	twoConnections Signalling = "rtc"    // GET /rtc: the server offers what is received
	oneConnection  Signalling = "rtc/v1" // GET /rtc/v1: the client offers everything
)

const pingPeriod = 5 * time.Second

// wire is a member's WebSocket: writes from any goroutine, reads from one.
type wire struct {
	mu     sync.Mutex
	socket *websocket.Conn
}

// dial opens the signalling. firstOffer is for one connection only: it travels in the URL.
func dial(ctx context.Context, server string, how Signalling, accessToken string, autoSubscribe bool, firstOffer []byte) (*wire, error) {
	query := url.Values{"access_token": {accessToken}}
	if how == oneConnection {
		wrapped := appendMessage(nil, 2, joinRequest(autoSubscribe, firstOffer)) // compression NONE
		query.Set("join_request", base64.URLEncoding.EncodeToString(wrapped))
	} else {
		query.Set("protocol", "15")
		query.Set("sdk", "go")
		query.Set("version", "2.0.0")
		query.Set("auto_subscribe", map[bool]string{true: "1", false: "0"}[autoSubscribe])
	}
	address := strings.Replace(server, "http", "ws", 1) + "/" + string(how) + "?" + query.Encode()
	dialer := websocket.Dialer{HandshakeTimeout: 20 * time.Second}
	socket, response, err := dialer.DialContext(ctx, address, nil)
	if err != nil {
		return nil, refusedWith(how, response, err)
	}
	return &wire{socket: socket}, nil
}

func refusedWith(how Signalling, response *http.Response, err error) error {
	if response == nil {
		return fmt.Errorf("/%s: %w", how, err)
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 300))
	return fmt.Errorf("/%s: %s %s", how, response.Status, strings.TrimSpace(string(text)))
}

func (w *wire) send(id protowire.Number, message []byte) error {
	return w.write(appendMessage(nil, id, message))
}

func (w *wire) ping() error {
	return w.write(appendNumber(nil, reqPing, uint64(time.Now().UnixMilli())))
}

// write leaves its failure to the reader, which may find the server's reason for it still waiting.
func (w *wire) write(frame []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.socket.WriteMessage(websocket.BinaryMessage, frame) != nil {
		return w.socket.SetReadDeadline(time.Now().Add(time.Second))
	}
	return nil
}

// receive returns the fields of the next SignalResponse: one, since it is a union.
func (w *wire) receive() ([]field, error) {
	_, frame, err := w.socket.ReadMessage()
	if err != nil {
		return nil, err
	}
	var fields []field
	err = parseFields(frame, func(f field) { fields = append(fields, f) })
	return fields, err
}

func (w *wire) close() {
	_ = w.send(reqLeave, nil)
	_ = w.socket.Close()
}
