package examples_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/wire"
)

// secret is the key of the endpoint.
const secret = "sk-not-for-anybody"

// endpoint plays a model: each request gets the next reply. What the requests were is kept.
type endpoint struct {
	*httptest.Server
	key      string // empty: none is needed
	requests chan completionRequest
	replies  chan func(http.ResponseWriter, *http.Request)
}

// completionRequest is what is looked at of a request.
type completionRequest struct {
	Model    string
	Messages []struct {
		Role       string
		Content    string
		ToolCallID string `json:"tool_call_id"`
		ToolCalls  []struct {
			ID, Type string
			Function struct{ Name, Arguments string }
		} `json:"tool_calls"`
	}
	Tools []struct {
		Type     string
		Function struct {
			Name, Description string
			Parameters        map[string]any
		}
	}
	Stream bool
}

// newEndpoint starts an endpoint with those replies, which needs the key.
func newEndpoint(t *testing.T, replies ...func(http.ResponseWriter, *http.Request)) *endpoint {
	return newEndpointWith(t, secret, replies...)
}

func newEndpointWith(t *testing.T, key string, replies ...func(http.ResponseWriter, *http.Request)) *endpoint {
	e := &endpoint{
		key:      key,
		requests: make(chan completionRequest, 100),
		replies:  make(chan func(http.ResponseWriter, *http.Request), len(replies)),
	}
	for _, r := range replies {
		e.replies <- r
	}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request completionRequest
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &request)
		}
		if err != nil || r.Method != "POST" || r.URL.Path != "/v1/chat/completions" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		if key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); key != e.key {
			t.Errorf("the key is %q, want %q", key, e.key)
		}
		e.requests <- request
		select {
		case reply := <-e.replies:
			reply(w, r)
		default:
			t.Errorf("a request too many: %s", body)
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(e.Close)
	return e
}

// env makes the agent use the endpoint.
func (e *endpoint) env() []string {
	env := []string{"OPENAI_BASE_URL=" + e.URL + "/v1", "OPENAI_MODEL=parrot"}
	if e.key != "" {
		env = append(env, "OPENAI_API_KEY="+e.key)
	}
	return env
}

// replies is a reply of the model: a text, and calls, each as id, name and arguments.
func replies(text string, toolCalls ...[3]string) func(http.ResponseWriter, *http.Request) {
	said := object{"role": "assistant", "content": text}
	var list []object
	for _, c := range toolCalls {
		list = append(list, object{"id": c[0], "type": "function", "function": object{"name": c[1], "arguments": c[2]}})
	}
	reason := "stop"
	if list != nil {
		said["tool_calls"], reason = list, "tool_calls"
	}
	return repliesJSON(http.StatusOK, object{
		"id": "c", "object": "chat.completion", "created": 1, "model": "parrot",
		"choices": []object{{"index": 0, "finish_reason": reason, "message": said}},
	})
}

// repliesJSON is any reply.
func repliesJSON(status int, body any) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(body)
	}
}

// repliesText is what is no JSON.
func repliesText(status int, kind, text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

func testModel(t *testing.T) {
	t.Run("tools", testModelWithTools)
	t.Run("errors", testModelErrors)
	t.Run("a hang", testModelHangs)
	t.Run("a pause", testModelPauses)
	t.Run("no key", func(t *testing.T) {
		e := newEndpointWith(t, "", replies("Done."))
		wantSaid(t, withEndpoint(t, e, never(t)), "run", object{"task": "Say it."}, message{Role: "assistant", Text: "Done."})
	})
	for env, want := range map[string]string{
		"OPENAI_BASE_URL=http://127.0.0.1:1":                     "OPENAI_MODEL is not",
		"OPENAI_MODEL=parrot OPENAI_BASE_URL=localhost:11434/v1": "OPENAI_BASE_URL is no URL such as",
	} {
		t.Run(env, func(t *testing.T) {
			_, err := parent.Start(soon(t), parent.Spec{Command: []string{program("agent-worker")}, Env: strings.Fields(env)})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %v, want %q", err, want)
			}
		})
	}
}

// withEndpoint starts the agent with a model.
func withEndpoint(t *testing.T, e *endpoint, use func(context.Context, call) (answer, error)) worker {
	spec := offer(nil, use)
	spec.Env = e.env()
	return start(t, "agent-worker", spec)
}

// testModelWithTools plays a model that uses tools, some of them badly, and is told of a job.
func testModelWithTools(t *testing.T) {
	e := newEndpoint(t,
		replies("Let me see.", [3]string{"x", "copy", `{"from":"a","to":"b"}`}, [3]string{"", "copy", `{"from":`}, [3]string{"x", "move", `{}`}),
		replies("", [3]string{"x", "job", `{"command":"make"}`}),
		replies("Done."))
	var used []call
	w := withEndpoint(t, e, func(_ context.Context, c call) (answer, error) {
		used = append(used, c)
		switch c.Name {
		case "copy":
			return answer{Text: "copied"}, nil
		case "job":
			return answer{Text: "started", Job: "j1"}, nil
		}
		return answer{}, wire.Errorf("unknown_tool", "there is no tool %q", c.Name)
	})
	before := []message{
		{Role: "user", Text: "Begin."},
		{Role: "assistant", Text: "Begun."},
		{Role: "job", Job: "j0", Text: "job j0 succeeded"},
	}
	wantSaid(t, w, "run", object{"messages": before, "task": "Copy a."},
		message{Role: "assistant", Text: "Let me see.", Calls: []call{
			{"x", "copy", `{"from":"a","to":"b"}`}, {"call-4-1", "copy", `{"from":`}, {"call-4-2", "move", `{}`}}},
		message{Role: "tool", Call: "x", Text: "copied"},
		message{Role: "tool", Call: "call-4-1", Text: `the arguments are no JSON object: "{\"from\":"`, Failed: "bad_input"},
		message{Role: "tool", Call: "call-4-2", Text: `there is no tool "move"`, Failed: "unknown_tool"},
		calls("", "call-8-0", "job", `{"command":"make"}`),
		message{Role: "tool", Call: "call-8-0", Text: "started", Job: "j1"},
		message{Role: "assistant", Text: "Done."})
	if want := []call{{"x", "copy", `{"from":"a","to":"b"}`}, {"call-4-2", "move", `{}`}, {"call-8-0", "job", `{"command":"make"}`}}; !reflect.DeepEqual(used, want) {
		t.Errorf("used were %v, want %v", used, want)
	}

	var last completionRequest
	for range 3 {
		last = received(t, "a request", e.requests)
	}
	if last.Model != "parrot" || last.Stream || len(last.Tools) != 2 || last.Tools[0].Function.Name != "copy" ||
		fmt.Sprint(last.Tools[0].Function.Parameters["required"]) != "[from to]" || last.Tools[0].Type != "function" {
		t.Errorf("the last request: %+v", last)
	}
	var got []string
	for _, m := range last.Messages[1:] { // the first has the instructions
		line := m.Role + " " + m.ToolCallID + " " + m.Content
		for _, c := range m.ToolCalls {
			line += " " + c.ID + " " + c.Type + " " + c.Function.Name + c.Function.Arguments
		}
		got = append(got, line)
	}
	want := []string{
		"user  Begin.",
		"assistant  Begun.",
		"user  A background job has ended. job j0 succeeded",
		"user  Copy a.",
		`assistant  Let me see. x function copy{"from":"a","to":"b"} call-4-1 function copy{} call-4-2 function move{}`,
		"tool x copied",
		`tool call-4-1 This has failed (bad_input): the arguments are no JSON object: "{\"from\":"`,
		`tool call-4-2 This has failed (unknown_tool): there is no tool "move"`,
		`assistant   call-8-0 function job{"command":"make"}`,
		"tool call-8-0 started",
	}
	if last.Messages[0].Role != "system" || !reflect.DeepEqual(got, want) {
		t.Errorf("the model was told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// testModelErrors has the endpoint fail. What may pass is tried again; the key is told nobody.
func testModelErrors(t *testing.T) {
	type reply = func(http.ResponseWriter, *http.Request)
	broken := repliesJSON(http.StatusServiceUnavailable, object{"error": object{"message": "busy"}})
	page := func(status int) reply { return repliesText(status, "text/html", "<html>oops</html>") }
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write([]byte(`{"choices":[{"message":`))
	}
	tooLong := repliesJSON(http.StatusOK, object{"choices": []object{{"finish_reason": "length", "message": object{"role": "assistant", "content": "I am"}}}})
	for name, c := range map[string]struct {
		replies []reply
		want    string
	}{
		"refused":       {[]reply{repliesJSON(http.StatusUnauthorized, object{"error": object{"message": "no such key: " + secret}})}, "401 Unauthorized: no such key: (the key)"},
		"another form":  {[]reply{repliesJSON(http.StatusNotFound, object{"message": "no such model"})}, `404 Not Found: {"message":"no such model"}`},
		"a long page":   {[]reply{repliesText(http.StatusNotFound, "text/html", strings.Repeat(secret, 10_000))}, "404 Not Found: (the key)(the key)"},
		"no choice":     {[]reply{repliesJSON(http.StatusOK, object{"choices": []object{}})}, "the model has said nothing"},
		"a page":        {[]reply{page(http.StatusOK)}, "does not answer as it should: "},
		"an error page": {[]reply{page(http.StatusBadGateway), page(http.StatusBadGateway), page(http.StatusBadGateway)}, "502 Bad Gateway: <html>oops</html>"},
		"garbage":       {[]reply{repliesText(http.StatusOK, "application/json", "\xff{")}, "does not answer as it should: "},
		"cut":           {[]reply{cut, cut, cut}, "unexpected EOF"},
		"stopped":       {[]reply{tooLong}, "stopped before its end: length"},
		"busy":          {[]reply{broken, broken, broken}, "503 Service Unavailable: busy"},
		"not for us":    {[]reply{replies("", [3]string{"x", "copy", "[]"}), repliesJSON(http.StatusNotFound, object{})}, "404 Not Found"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t, c.replies...)
			w := withEndpoint(t, e, never(t))
			_, err := work(soon(t), w, "run", object{"task": "Copy a."})
			said := wantCode(t, err, "model_failed")
			if !strings.Contains(said.Message, c.want) || strings.Contains(said.Message, secret[:10]) || len(said.Message) > 1000 {
				t.Errorf("the error is %q, want %q", said.Message, c.want)
			}
			if len(e.replies) != 0 {
				t.Errorf("%d replies were not fetched", len(e.replies))
			}
			for _, entry := range w.logs.All() {
				if strings.Contains(fmt.Sprint(entry.Message, entry.ContextMap()), secret) {
					t.Errorf("the log has the key: %v", entry)
				}
			}
		})
	}
	for name, failure := range map[string]reply{
		"busy": broken,
		"cut":  cut,
		"too fast": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		},
	} {
		t.Run(name+", then tried again", func(t *testing.T) {
			e := newEndpoint(t, failure, replies("Done."))
			wantSaid(t, withEndpoint(t, e, never(t)), "run", object{"task": "Copy a."}, message{Role: "assistant", Text: "Done."})
		})
	}
	t.Run("password", func(t *testing.T) {
		e := newEndpointWith(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("me:"+secret)), repliesJSON(http.StatusNotFound, object{}))
		spec := offer(nil, never(t))
		spec.Env = []string{"OPENAI_BASE_URL=" + strings.Replace(e.URL, "://", "://me:"+secret+"@", 1) + "/v1", "OPENAI_MODEL=parrot"}
		_, err := work(soon(t), start(t, "agent-worker", spec), "run", object{"task": "Copy a."})
		if said := wantCode(t, err, "model_failed"); strings.Contains(said.Message, secret) {
			t.Errorf("the error tells the password: %s", said.Message)
		}
	})
}

// testModelHangs ends tasks while the model thinks, and the model notices.
func testModelHangs(t *testing.T) {
	for _, by := range []string{"cancel", "deadline"} {
		t.Run(by, func(t *testing.T) {
			ctx, cancel := context.WithCancel(soon(t))
			if by == "deadline" {
				ctx, cancel = context.WithTimeout(ctx, 2*time.Second)
			}
			defer cancel()
			left := make(chan struct{})
			e := newEndpoint(t, func(_ http.ResponseWriter, r *http.Request) {
				if by == "cancel" {
					cancel()
				}
				<-r.Context().Done()
				close(left)
			})
			w := withEndpoint(t, e, never(t))
			said, err := work(ctx, w, "run", object{"task": "Think."})
			if err == nil || said != nil {
				t.Errorf("the task ended with %v, and\n%s", err, listed(said))
			}
			received(t, "the end of the request", left)
			w.shutdown(t)
			if w.logs.FilterMessage("the task was stopped").Len() != 1 {
				t.Error("the worker did not log that the task was stopped")
			}
		})
	}
}

// testModelPauses ends a task while the endpoint is not to be asked again yet.
func testModelPauses(t *testing.T) {
	e := newEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "50")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	w := withEndpoint(t, e, never(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := work(ctx, w, "run", object{"task": "Think."})
		ended <- err
	}()
	for begun := time.Now(); w.logs.FilterMessage("the model is asked again").Len() == 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatal("the worker did not log that it will ask again")
		}
	}
	cancel()
	if err := received(t, "the end of the task", ended); !errors.Is(err, context.Canceled) {
		t.Errorf("the task ended with %v", err)
	}
	w.shutdown(t)
	if w.logs.FilterMessage("the task was stopped").Len() != 1 {
		t.Error("the worker did not log that the task was stopped")
	}
}
