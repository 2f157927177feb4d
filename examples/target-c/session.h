/* What the target holds for its one host at a time, and what its parts need of each other. */
#ifndef SESSION_H
#define SESSION_H

#include "affine.h"
#include "msgpack.h"

#include <zmq.h>

enum { VERSION = 2, DIGEST = 64, MAX_STAGES = 1024, KEPT_SAMPLES = 65536 };
enum { MAX_FRAMES = 64, MAX_QUEUED = 64 };

enum kind {
    OK, ERROR, DATA, MODEL, PROCESS, OUTPUT, STATS,
    HELLO = 16, LEASE, CHUNK, CREDIT, INFER, COMPOSE, PLAN, EVENT, CANCEL, BYE, OBSERVE, TELEMETRY
};

/* A host's connection: what the ROUTER puts in front of its messages. */
typedef struct {
    uint8_t id[256];
    size_t size;
    int descriptor;
} peer;

/* The latest of some peers; those without an identity are none. */
enum { PEERS = 64 };
typedef struct {
    peer each[PEERS];
    size_t next;
} peers;

typedef struct message {
    peer from;
    int64_t kind, id;
    slice body;
    zmq_msg_t header, payload[MAX_FRAMES];
    size_t frames;
    struct message *next;
} message;

typedef struct artifact {
    char digest[DIGEST + 1];
    uint8_t *content;
    size_t size;
    network *net; /* once it was loaded */
    bool named;   /* in this lease, so that it must stay */
    bool counted;
    struct artifact *next;
} artifact;

typedef struct measurement {
    char *name;
    int64_t *samples;
    size_t count, room;
    const char *stopped;
    int64_t per_round, plan;
    struct measurement *next;
} measurement;

/* How a plan went; of its samples and times it has a measurement's lists. */
typedef struct plan_log {
    int64_t plan, warmup_rounds, per_round;
    const char *stopped;
    measurement reference, ends;
    struct plan_log *next;
} plan_log;

typedef struct {
    void *router, *monitor;
    peers known, gone; /* `gone`: what these sent before their connections broke may still come */

    artifact *artifacts;
    size_t held_bytes;

    peer holder; /* of the lease; without an identity nobody is */
    char holder_name[4 * 256 + 1], name[4 * 256 + 1]; /* `name`: of the host that said HELLO last */
    peer named;
    double since, seen, expected_s;
    message *queue, *last;
    size_t queued;

    struct { int64_t id; artifact *into; size_t offset; bool load, open; } upload;

    tensors tensors;
    chain pipeline;
    size_t *outputs, output_count;
    bool composed, has_inputs, has_outputs;

    measurement requests; /* of PROCESS and INFER */
    measurement *measured;
    plan_log *plans;
    int64_t plan_count;

    const char *doing; /* the kind that is carried out */
    int64_t done, total;
    bool cancelled, ended; /* asked of a plan that runs; `ended` with its lease */
} session;

/* Answer; `payload` has `frames` pieces. `result` is freed. */
typedef struct {
    const void *data;
    size_t size;
} piece;
void answer(session *s, const peer *to, int64_t id, enum kind kind, buffer *body,
            const piece *payload, size_t frames);
void refuse(session *s, const peer *to, int64_t id, const char *code, const char *problem);
void answer_empty(session *s, const peer *to, int64_t id);

void refuse_it(session *s, message *m, const char *code, const char *problem);
bool has_lease(const session *s, const peer *host);
bool same_peer(const peer *one, const peer *other);

/* Begin the body of an OK whose result has so many fields. */
buffer result_of(uint32_t fields);

double now_s(void);
int64_t now_ns(void);

/* Serve what must not wait for a plan: other hosts, CANCEL, BYE; never blocks. */
void serve_meanwhile(session *s);

/* A held artifact's network, and the ones of stages; NULL and what is wrong. */
artifact *find_artifact(session *s, text digest);
network **find_stages(session *s, slice stages, size_t count, const char **problem);

/* Read an array of stages; false if an element is none. `foreign` if one names another engine. */
bool check_stages(nested stages, bool *foreign);
/* Read what `load` says; false if it is malformed. A problem if it cannot be had here. */
bool read_load(nested load, const char **problem);

/* Keep a sample. */
void keep(measurement *in, int64_t value);
void free_measurement(measurement *of);

/* Carry PLAN out, and answer it. */
void run_plan(session *s, message *request);
/* Answer STATS. */
void tell_statistics(session *s, message *request);

/* What runs, and on what. */
void put_used(buffer *to);
void put_description(buffer *to);

/* Take the lease back, and forget what was done under it. */
void release(session *s);
void free_message(message *m);
/* Answer a message, or put it into the queue: then it is kept, and true is returned. */
bool dispatch(session *s, message *m);
void work_through_queue(session *s);

void drop_artifact(session *s, artifact *gone);
void end_upload(session *s);
void do_model(session *s, message *m);
void do_chunk(session *s, message *m);

void forget_pipeline(session *s);
/* Load a chain in place of the pipeline, which stays if that fails; NULL, or why it does. */
const char *compose(session *s, slice stages, size_t count, nested *outputs);
void tell_spec(session *s, message *m);
void do_compose(session *s, message *m);
void do_process(session *s, message *m);
/* Take the payload as the pipeline's inputs; false if it was refused. */
bool take_inputs(session *s, message *m);
int64_t run_once(session *s);
void answer_run(session *s, message *m, int64_t took, bool outputs);

#endif
