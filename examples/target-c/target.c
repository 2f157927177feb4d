/* A target of kenning-lego in C, written from docs/wire-protocol.md: one thread, one engine.

   It has no keys, so it binds loopback only. */
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_HEADER = 4 << 20 };

static volatile sig_atomic_t stopping;

static void stop(int number) {
    (void)number;
    stopping = 1;
}

int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double now_s(void) { return (double)now_ns() / 1e9; }

/* Sending */

bool same_peer(const peer *one, const peer *other) {
    return one->size == other->size && memcmp(one->id, other->id, one->size) == 0;
}

bool has_lease(const session *s, const peer *host) {
    return s->holder.size && same_peer(&s->holder, host);
}

static bool send_piece(session *s, const void *data, size_t size, bool more) {
    return zmq_send(s->router, data, size, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0;
}

void answer(session *s, const peer *to, int64_t id, enum kind kind, buffer *body,
            const piece *payload, size_t frames) {
    buffer header = {0};
    put_array(&header, 4);
    put_integer(&header, VERSION);
    put_integer(&header, kind);
    put_integer(&header, id);
    buffer whole = {malloc(header.size + body->size), header.size + body->size, 0, false};
    bool fine = whole.data && !header.failed && !body->failed;
    if (fine) {
        memcpy(whole.data, header.data, header.size);
        memcpy(whole.data + header.size, body->data, body->size);
        fine = send_piece(s, to->id, to->size, true) &&
               send_piece(s, whole.data, whole.size, frames > 0);
        for (size_t i = 0; fine && i < frames; i++)
            fine = send_piece(s, payload[i].size ? payload[i].data : "", payload[i].size,
                              i + 1 < frames);
    }
    free(header.data);
    free(body->data);
    free(whole.data);
    if (!fine && has_lease(s, to)) release(s); /* it is gone, or reads no answers */
}

buffer result_of(uint32_t fields) {
    buffer body = {0};
    put_map(&body, 1);
    put_text(&body, "result");
    put_map(&body, fields);
    return body;
}

void answer_empty(session *s, const peer *to, int64_t id) {
    buffer body = result_of(0);
    answer(s, to, id, OK, &body, NULL, 0);
}

void refuse(session *s, const peer *to, int64_t id, const char *code, const char *problem) {
    buffer body = {0};
    put_map(&body, 3);
    text_field(&body, "code", code);
    text_field(&body, "problem", problem);
    text_field(&body, "remedy", "");
    answer(s, to, id, ERROR, &body, NULL, 0);
}

void refuse_it(session *s, message *m, const char *code, const char *problem) {
    refuse(s, &m->from, m->id, code, problem);
}

/* Receiving */

/* A number in the header; -1 if something else stands there. */
static int64_t next_number(slice *parts) {
    slice here = *parts;
    int64_t number;
    bool fine = read_value(&here, INTEGER, 0, 0x1p63, &number);
    skip_value(parts);
    return fine ? number : -1;
}

/* The header of a message; false if it is none. */
static bool read_header(message *m, int64_t *version) {
    size_t size = zmq_msg_size(&m->header);
    slice in = {zmq_msg_data(&m->header), (uint8_t *)zmq_msg_data(&m->header) + size};
    nested header;
    if (size > MAX_HEADER || !read_value(&in, ARRAY, 0, 4, &header) || in.at != in.end ||
        header.count != 4)
        return false;
    *version = next_number(&header.in);
    m->kind = next_number(&header.in);
    int64_t id = next_number(&header.in);
    if (id >= 0) m->id = id;
    m->body = header.in;
    return id >= 0;
}

static bool is_among(const peers *some, const peer *wanted) {
    for (size_t i = 0; i < PEERS; i++)
        if (same_peer(&some->each[i], wanted)) return true;
    return false;
}

static void add_peer(peers *some, const peer *more) { some->each[some->next++ % PEERS] = *more; }

/* The connection with this descriptor broke. */
static void lose(session *s, int descriptor) {
    for (peer *each = s->known.each; each < s->known.each + PEERS; each++) {
        if (!each->size || each->descriptor != descriptor) continue;
        add_peer(&s->gone, each);
        if (has_lease(s, each)) release(s);
        each->size = 0;
    }
}

static void note_lost(session *s) {
    for (;;) {
        zmq_msg_t event, address;
        zmq_msg_init(&event);
        zmq_msg_init(&address);
        bool found = zmq_msg_recv(&event, s->monitor, ZMQ_DONTWAIT) >= 0;
        if (found) zmq_msg_recv(&address, s->monitor, 0);
        uint32_t descriptor = 0;
        if (found) memcpy(&descriptor, (uint8_t *)zmq_msg_data(&event) + 2, 4);
        zmq_msg_close(&event);
        zmq_msg_close(&address);
        if (!found) return;
        lose(s, (int)descriptor);
    }
}

/* The next message; NULL if none lies there. */
static message *receive(session *s) {
    zmq_msg_t identity, *part;
    zmq_msg_init(&identity);
    if (zmq_msg_recv(&identity, s->router, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&identity);
        return NULL;
    }
    message *m = calloc(1, sizeof *m);
    if (!m) abort(); /* a message could not even be refused */
    note_lost(s); /* before: this may be another host with a lost one's descriptor */
    m->from.size = zmq_msg_size(&identity);
    memcpy(m->from.id, zmq_msg_data(&identity), m->from.size);
    bool more = zmq_msg_more(&identity);
    zmq_msg_close(&identity);
    zmq_msg_init(&m->header);
    bool first = true;
    zmq_msg_t surplus;
    while (more) {
        bool kept = first || m->frames < MAX_FRAMES;
        part = first ? &m->header : kept ? &m->payload[m->frames++] : &surplus;
        if (!first) zmq_msg_init(part);
        first = false;
        /* The parts of a message come together, so this waits for nothing. */
        while (zmq_msg_recv(part, s->router, 0) < 0 && errno == EINTR) continue;
        more = zmq_msg_more(part);
        if (!kept) zmq_msg_close(part);
    }
    /* Of the header's frame: that of the identity does not always know it (libzmq 4.3.4). */
    m->from.descriptor = zmq_msg_get(&m->header, ZMQ_SRCFD);
    return m;
}

/* Take one message; false if none lies there. */
static bool serve_one(session *s) {
    message *m = receive(s);
    if (!m) return false;
    int64_t version = 0;
    bool kept = false;
    if (is_among(&s->gone, &m->from)) {
        free_message(m);
        return true;
    }
    if (!is_among(&s->known, &m->from)) add_peer(&s->known, &m->from);
    if (!read_header(m, &version)) refuse_it(s, m, "bad_message", "a header that is none");
    else if (version != VERSION) refuse_it(s, m, "unsupported_version", "this target speaks 2");
    else kept = dispatch(s, m);
    if (!kept) free_message(m);
    return true;
}

void serve_meanwhile(session *s) {
    note_lost(s);
    while (serve_one(s)) continue;
}

static void serve(session *s) {
    while (!stopping) {
        zmq_pollitem_t sockets[] = {{s->router, 0, ZMQ_POLLIN, 0}, {s->monitor, 0, ZMQ_POLLIN, 0}};
        zmq_poll(sockets, 2, 250); /* a signal may come just before */
        note_lost(s);
        for (int i = 0; i < 16 && serve_one(s); i++) work_through_queue(s);
    }
}

static bool open_router(session *s, void *context, const char *address, char endpoint[256]) {
    const char *events = "inproc://monitor";
    int mandatory = 1, waiting = 256, linger = 200;
    int handshake = 5000, interval = 2000, patience = 8000; /* in ms */
    int64_t largest = 64 << 20;
    size_t size = 256;
    s->router = zmq_socket(context, ZMQ_ROUTER);
    s->monitor = zmq_socket(context, ZMQ_PAIR);
    zmq_setsockopt(s->router, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof mandatory);
    zmq_setsockopt(s->router, ZMQ_MAXMSGSIZE, &largest, sizeof largest);
    zmq_setsockopt(s->router, ZMQ_RCVHWM, &waiting, sizeof waiting);
    zmq_setsockopt(s->router, ZMQ_SNDHWM, &waiting, sizeof waiting);
    zmq_setsockopt(s->router, ZMQ_HANDSHAKE_IVL, &handshake, sizeof handshake);
    zmq_setsockopt(s->router, ZMQ_HEARTBEAT_IVL, &interval, sizeof interval);
    zmq_setsockopt(s->router, ZMQ_HEARTBEAT_TIMEOUT, &patience, sizeof patience);
    zmq_setsockopt(s->router, ZMQ_LINGER, &linger, sizeof linger);
    return zmq_socket_monitor(s->router, events, ZMQ_EVENT_DISCONNECTED) == 0 &&
           zmq_connect(s->monitor, events) == 0 && zmq_bind(s->router, address) == 0 &&
           zmq_getsockopt(s->router, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0;
}

int main(int count, char **arguments) {
    const char *address = count > 1 ? arguments[1] : "tcp://127.0.0.1:5570";
    if (strncmp(address, "tcp://127.", 10) != 0) {
        fprintf(stderr, "error: %s is not on loopback, and this target has no keys\n", address);
        return 2;
    }
    struct sigaction ending = {.sa_handler = stop};
    sigaction(SIGTERM, &ending, NULL);
    sigaction(SIGINT, &ending, NULL);
    session *s = calloc(1, sizeof *s);
    void *context = zmq_ctx_new();
    char endpoint[256] = "";
    if (!s || !context || !open_router(s, context, address, endpoint)) {
        fprintf(stderr, "error: cannot listen at %s: %s\n", address, zmq_strerror(errno));
        return 2;
    }
    s->doing = "";
    printf("target-c listening on %s\n", endpoint);
    fflush(stdout);
    serve(s);
    release(s);
    while (s->artifacts) drop_artifact(s, s->artifacts);
    zmq_socket_monitor(s->router, NULL, 0);
    zmq_close(s->monitor);
    zmq_close(s->router);
    zmq_ctx_term(context);
    free(s);
    return 0;
}
