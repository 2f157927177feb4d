/* What was timed, as STATS tells it. */
#include "session.h"

#include <stdlib.h>

static void put_log(buffer *to, const plan_log *log) {
    put_map(to, 9);
    integer_field(to, "plan", log->plan);
    integer_field(to, "cohort", 0);
    text_field(to, "stopped", log->stopped);
    integer_field(to, "warmup_rounds", log->warmup_rounds);
    put_text(to, "warm");
    put_flag(to, false);
    number_field(to, "cooled_s", 0);
    integer_field(to, "references", (int64_t)log->reference.count);
    integer_field(to, "per_round", log->per_round);
    integer_field(to, "rounds", (int64_t)log->ends.count);
}

static void put_measurement(buffer *to, const measurement *each) {
    put_map(to, 7);
    text_field(to, "name", each->name);
    text_field(to, "stopped", each->stopped);
    integer_field(to, "count", (int64_t)each->count);
    integer_field(to, "per_round", each->per_round);
    integer_field(to, "loops", 1);
    integer_field(to, "cohort", 0);
    integer_field(to, "plan", each->plan);
}

void tell_statistics(session *s, message *request) {
    uint32_t measurements = s->requests.count ? 1 : 0, plans = 0;
    for (measurement *each = s->measured; each; each = each->next) measurements++;
    for (plan_log *each = s->plans; each; each = each->next) plans++;
    piece *payload = calloc(measurements + 2 * plans + 1, sizeof *payload);
    if (!payload) {
        refuse(s, &request->from, request->id, "engine_failed", "there is not enough memory");
        return;
    }
    size_t frames = 0;
    buffer body = result_of(5);
    put_text(&body, "measurements");
    put_array(&body, measurements);
    for (measurement *each = s->measured; each; each = each->next) {
        put_measurement(&body, each);
        payload[frames++] = (piece){each->samples, each->count * sizeof(int64_t)};
    }
    if (s->requests.count) {
        put_measurement(&body, &s->requests);
        payload[frames++] = (piece){s->requests.samples, s->requests.count * sizeof(int64_t)};
    }
    put_text(&body, "plans");
    put_array(&body, plans);
    for (plan_log *each = s->plans; each; each = each->next) {
        put_log(&body, each);
        payload[frames++] =
            (piece){each->reference.samples, each->reference.count * sizeof(int64_t)};
        payload[frames++] = (piece){each->ends.samples, each->ends.count * sizeof(int64_t)};
    }
    put_text(&body, "used");
    put_used(&body);
    put_text(&body, "before");
    put_description(&body);
    put_text(&body, "after");
    put_description(&body);
    answer(s, &request->from, request->id, OK, &body, payload, frames);
    free(payload);
}
