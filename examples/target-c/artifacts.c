/* Artifacts: held in memory, uploaded in chunks, loaded as networks. */
#include "session.h"
#include "sha256.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 18, CREDITS = 16, MAX_HELD = 64 << 20 };

void drop_artifact(session *s, artifact *gone) {
    artifact **each = &s->artifacts;
    while (*each != gone) each = &(*each)->next;
    *each = gone->next;
    s->held_bytes -= gone->size;
    network_free(gone->net);
    free(gone->content);
    free(gone);
}

void end_upload(session *s) {
    if (s->upload.into) {
        free(s->upload.into->content);
        free(s->upload.into);
    }
    memset(&s->upload, 0, sizeof s->upload);
}

static bool is_digest(text given) {
    for (uint32_t i = 0; i < given.size; i++)
        if (!strchr("0123456789abcdef", given.at[i]) || !given.at[i]) return false;
    return given.size == DIGEST;
}

artifact *find_artifact(session *s, text digest) {
    artifact *each = s->artifacts;
    while (each && !same_text(digest, each->digest)) each = each->next;
    if (each) each->named = true;
    return each;
}

bool check_stages(nested stages, bool *foreign) {
    for (uint32_t i = 0; i < stages.count; i++) {
        text each;
        if (!read_value(&stages.in, TEXT, 0, DIGEST + 3, &each) || each.size < DIGEST) return false;
        text number = {each.at + DIGEST, each.size - DIGEST};
        each.size = DIGEST;
        if (!is_digest(each)) return false;
        if (!number.size) continue;
        *foreign = true;
        bool one = number.size == 2 && number.at[1] >= '1' && number.at[1] <= '9';
        bool two = number.size == 3 && number.at[1] == '1' && number.at[2] >= '0' &&
                   number.at[2] <= '6';
        if (number.at[0] != ':' || !(one || two)) return false;
    }
    return stages.count > 0;
}

bool read_load(nested load, const char **problem) {
    text runtime;
    int64_t threads, batch;
    nested options = {0}, engines = {0};
    slice in = load.in;
    field fields[] = {{"runtime", TEXT, 0, 64, &runtime, false, false},
                      {"threads", INTEGER, 1, 1024, &threads, false, false},
                      {"batch", INTEGER, 1, 65536, &batch, false, false},
                      {"options", MAP, 0, 32, &options, true, false},
                      {"engines", ARRAY, 0, 16, &engines, true, false}};
    if (!read_fields(&in, load.count, fields, 5)) return false;
    if (!same_text(runtime, "affine")) *problem = "this target has the engine affine alone";
    else if (options.count) *problem = "the engine affine has no options here";
    return true;
}

network **find_stages(session *s, slice stages, size_t count, const char **problem) {
    network **found = malloc(count * sizeof *found);
    *problem = found ? NULL : "there is not enough memory";
    for (size_t i = 0; found && i < count && !*problem; i++) {
        text stage;
        read_value(&stages, TEXT, 0, DIGEST + 3, &stage);
        artifact *held = stage.size == DIGEST ? find_artifact(s, stage) : NULL;
        if (stage.size > DIGEST) *problem = "this target has one engine, and a stage names another";
        else if (!held) *problem = "an artifact is not held: upload it first";
        else if (!held->net) held->net = network_load(held->content, held->size, problem);
        if (!*problem) found[i] = held->net;
    }
    if (!*problem) return found;
    free(found);
    return NULL;
}

/* Make room by dropping what this lease did not name. */
static bool has_room(session *s, int64_t size) {
    for (artifact *each = s->artifacts, *next; each; each = next) {
        next = each->next;
        if (!each->named && (int64_t)s->held_bytes + size > MAX_HELD) drop_artifact(s, each);
    }
    return (int64_t)s->held_bytes + size <= MAX_HELD;
}

static void finish_model(session *s, message *m, text digest, bool load, bool known) {
    if (load) {
        buffer stage = {0};
        put_name(&stage, digest);
        slice stages = {stage.data, stage.data + stage.size};
        const char *problem = compose(s, stages, 1, NULL);
        free(stage.data);
        if (problem) refuse_it(s, m, "bad_request", problem);
        else tell_spec(s, m);
        return;
    }
    buffer body = result_of(1);
    put_text(&body, "known");
    put_flag(&body, known);
    answer(s, &m->from, m->id, OK, &body, NULL, 0);
}

static void give_credit(session *s, message *m, int64_t chunks) {
    buffer body = {0};
    put_map(&body, 2);
    integer_field(&body, "offset", (int64_t)s->upload.offset);
    integer_field(&body, "chunks", chunks);
    answer(s, &m->from, m->id, CREDIT, &body, NULL, 0);
}

void do_model(session *s, message *m) {
    text digest;
    int64_t size;
    nested load;
    const char *problem = NULL;
    field fields[] = {{"digest", TEXT, 0, DIGEST, &digest, false, false},
                      {"size", INTEGER, 1, 0x1p33, &size, false, false},
                      {"load", MAP, 0, 5, &load, true, false}};
    if (!read_map(&m->body, fields, 3) || !is_digest(digest) ||
        (fields[2].there && !read_load(load, &problem))) {
        refuse_it(s, m, "bad_message", "a malformed MODEL");
    } else if (problem) {
        refuse_it(s, m, "bad_request", problem);
    } else if (find_artifact(s, digest)) {
        finish_model(s, m, digest, fields[2].there, true);
    } else if (!has_room(s, size)) {
        refuse_it(s, m, "store", "there is no room for that artifact: this target holds 64 MiB");
    } else {
        artifact *into = calloc(1, sizeof *into);
        uint8_t *content = malloc((size_t)size);
        if (!into || !content) {
            free(into);
            free(content);
            refuse_it(s, m, "store", "there is not enough memory");
            return;
        }
        *into = (artifact){.content = content, .size = (size_t)size, .named = true};
        memcpy(into->digest, digest.at, DIGEST);
        memset(&s->upload, 0, sizeof s->upload);
        s->upload.id = m->id;
        s->upload.into = into;
        s->upload.load = fields[2].there;
        s->upload.open = true;
        give_credit(s, m, CREDITS);
    }
}

void do_chunk(session *s, message *m) {
    int64_t offset;
    field fields[] = {{"offset", INTEGER, 0, 0x1p33, &offset, false, false}};
    if (!read_map(&m->body, fields, 1)) {
        refuse_it(s, m, "bad_message", "a malformed CHUNK");
        return;
    }
    if (!s->upload.open || s->upload.id != m->id) return; /* of one that has failed */
    artifact *into = s->upload.into;
    size_t size = m->frames == 1 ? zmq_msg_size(&m->payload[0]) : 0;
    if (!size || size > CHUNK_BYTES || (size_t)offset != s->upload.offset ||
        size > into->size - s->upload.offset) {
        end_upload(s);
        refuse_it(s, m, "store", "a chunk that does not continue the upload");
        return;
    }
    memcpy(into->content + offset, zmq_msg_data(&m->payload[0]), size);
    s->upload.offset += size;
    if (s->upload.offset < into->size) {
        give_credit(s, m, 1);
        return;
    }
    char found[DIGEST + 1];
    sha256_hex(into->content, into->size, found);
    if (strcmp(found, into->digest) != 0) {
        end_upload(s);
        refuse_it(s, m, "store", "the artifact arrived damaged: its sha256 differs");
        return;
    }
    bool load = s->upload.load;
    into->next = s->artifacts;
    s->artifacts = into;
    s->held_bytes += into->size;
    memset(&s->upload, 0, sizeof s->upload);
    finish_model(s, m, (text){into->digest, DIGEST}, load, false);
}
