package runtimetest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// ServeHTTP offers the function in the form of Lambda's Invoke API, for callers
// in other languages and in other processes:
//
//	POST /2015-03-31/functions/NAME/invocations
//
// The body is the event. The answer is the function's, with status 200; when the
// function failed it is the error document, and X-Amz-Function-Error is set. With
// X-Amz-Invocation-Type: Event the call returns at once with status 202.
// X-Duration-Ms and, for a cold start, X-Init-Ms tell the times.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", e.serveInvoke)
	mux.ServeHTTP(w, r)
}

func (e *Emulator) serveInvoke(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("name") != e.fn.Name {
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", "Function not found")
		return
	}
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload+1))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestContentException", "The event could not be read")
		return
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if r.Header.Get("X-Amz-Invocation-Type") == "Event" {
		go func() { _, _ = e.Invoke(context.WithoutCancel(r.Context()), payload) }()
		w.WriteHeader(http.StatusAccepted)
		return
	}
	res, err := e.Invoke(r.Context(), payload)
	if err != nil {
		refuseCall(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-RequestId", res.RequestID)
	h.Set("X-Amz-Executed-Version", "$LATEST")
	h.Set("X-Duration-Ms", strconv.FormatInt(res.Duration.Milliseconds(), 10))
	if res.Cold {
		h.Set("X-Init-Ms", strconv.FormatInt(res.Init.Milliseconds(), 10))
	}
	if res.Err != nil {
		h.Set("X-Amz-Function-Error", "Unhandled")
	}
	// The caller may be gone; there is nobody else to tell.
	_, _ = w.Write(res.Payload)
}

// refuseCall answers a call that did not reach the function, with Lambda's own
// exception names.
func refuseCall(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ErrTooManyRequests):
		refuse(w, http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.")
	case errors.Is(err, ErrRequestTooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", err.Error())
	case errors.Is(err, ErrInvalidJSON):
		refuse(w, http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json")
	default:
		refuse(w, http.StatusInternalServerError, "ServiceException", err.Error())
	}
}

func refuse(w http.ResponseWriter, status int, exception, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", exception)
	w.Header().Set("X-Amzn-RequestId", newInvocation(nil).id)
	w.WriteHeader(status)
	// The caller may be gone; there is nobody else to tell.
	_ = json.NewEncoder(w).Encode(map[string]string{"Type": "User", "Message": message})
}
