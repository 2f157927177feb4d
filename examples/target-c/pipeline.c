/* The pipeline: a chain of networks that is run once for each PROCESS or INFER. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

void forget_pipeline(session *s) {
    chain_free(&s->pipeline);
    tensors_free(&s->tensors);
    free(s->outputs);
    s->outputs = NULL;
    s->output_count = 0;
    s->composed = s->has_inputs = s->has_outputs = false;
    s->requests.count = 0;
}

static void put_tensor(buffer *to, const shape *of) {
    put_map(to, 3);
    text_field(to, "name", of->name);
    put_text(to, "shape");
    put_array(to, of->rank);
    for (uint32_t i = 0; i < of->rank; i++) put_integer(to, of->sizes[i]);
    text_field(to, "dtype", "float32");
}

void tell_spec(session *s, message *m) {
    buffer body = result_of(1);
    put_text(&body, "spec");
    put_map(&body, 2);
    put_text(&body, "inputs");
    put_array(&body, (uint32_t)s->pipeline.input_count);
    for (size_t i = 0; i < s->pipeline.input_count; i++)
        put_tensor(&body, &s->tensors.all[s->pipeline.inputs[i]]->shape);
    put_text(&body, "outputs");
    put_array(&body, (uint32_t)s->output_count);
    for (size_t i = 0; i < s->output_count; i++)
        put_tensor(&body, &s->tensors.all[s->outputs[i]]->shape);
    answer(s, &m->from, m->id, OK, &body, NULL, 0);
}

static const char *choose_outputs(const chain *run, const tensors *all, nested *named,
                                  size_t **outputs, size_t *count) {
    *count = named && named->count ? named->count : 1;
    *outputs = malloc(*count * sizeof **outputs);
    if (!*outputs) return "there is not enough memory";
    **outputs = run->gives[run->count - 1];
    for (size_t i = 0; named && i < named->count; i++) {
        text name;
        read_value(&named->in, TEXT, 0, 256, &name);
        size_t at = tensors_find(all, name.at, name.size), stage = 0;
        while (stage < run->count && run->gives[stage] != at) stage++;
        for (size_t j = 0; j < i; j++)
            if ((*outputs)[j] == at) return "an output is named twice";
        if (stage == run->count) return "no stage gives an output that is named";
        (*outputs)[i] = at;
    }
    return NULL;
}

/* Load a chain in place of the pipeline, which stays if that fails. */
const char *compose(session *s, slice stages, size_t count, nested *outputs) {
    const char *problem = NULL;
    network **found = find_stages(s, stages, count, &problem);
    if (!found) return problem;
    chain made = {0};
    tensors all = {0};
    size_t *chosen = NULL, chosen_count = 0;
    problem = chain_wire(&made, &all, found, count);
    if (!problem) problem = choose_outputs(&made, &all, outputs, &chosen, &chosen_count);
    if (!problem && (chosen_count > 64 || made.input_count > 64)) problem = "more than 64 tensors";
    free(found);
    if (problem) {
        chain_free(&made);
        tensors_free(&all);
        free(chosen);
        return problem;
    }
    forget_pipeline(s);
    s->pipeline = made;
    s->tensors = all;
    s->outputs = chosen;
    s->output_count = chosen_count;
    s->composed = true;
    return NULL;
}

static bool are_texts(nested names) {
    text each;
    for (uint32_t i = 0; i < names.count; i++)
        if (!read_value(&names.in, TEXT, 0, 256, &each)) return false;
    return true;
}

void do_compose(session *s, message *m) {
    nested stages, load, outputs = {0};
    bool foreign = false;
    const char *problem = NULL;
    field fields[] = {{"stages", ARRAY, 0, MAX_STAGES, &stages, false, false},
                      {"load", MAP, 0, 5, &load, false, false},
                      {"outputs", ARRAY, 0, 256, &outputs, true, false}};
    if (!read_map(&m->body, fields, 3) || !check_stages(stages, &foreign) ||
        !are_texts(outputs) || !read_load(load, &problem)) {
        refuse_it(s, m, "bad_message", "a malformed COMPOSE");
        return;
    }
    if (!problem) problem = compose(s, stages.in, stages.count, &outputs);
    if (problem) refuse_it(s, m, "bad_request", problem);
    else tell_spec(s, m);
}

bool take_inputs(session *s, message *m) {
    const chain *run = &s->pipeline;
    bool fine = s->composed && m->frames == run->input_count;
    for (size_t i = 0; fine && i < m->frames; i++)
        fine = zmq_msg_size(&m->payload[i]) ==
               s->tensors.all[run->inputs[i]]->shape.count * sizeof(float);
    if (!fine) {
        const char *loaded = "not the tensors that the pipeline takes";
        refuse_it(s, m, "bad_request", s->composed ? loaded : "no pipeline is loaded");
        return false;
    }
    for (size_t i = 0; i < m->frames; i++)
        memcpy(s->tensors.all[run->inputs[i]]->data, zmq_msg_data(&m->payload[i]),
               zmq_msg_size(&m->payload[i]));
    s->has_inputs = true;
    s->has_outputs = false;
    return true;
}

int64_t run_once(session *s) {
    int64_t begin = now_ns();
    chain_run(&s->pipeline, &s->tensors);
    int64_t took = now_ns() - begin;
    s->has_outputs = true;
    if (s->requests.count == KEPT_SAMPLES) { /* the latest are kept: half of them go at once */
        s->requests.count /= 2;
        memmove(s->requests.samples, s->requests.samples + s->requests.count,
                s->requests.count * sizeof *s->requests.samples);
    }
    keep(&s->requests, took);
    s->requests.name = s->requests.name ? s->requests.name : strdup("process");
    s->requests.stopped = "requests";
    return took;
}

void answer_run(session *s, message *m, int64_t took, bool outputs) {
    piece payload[64];
    size_t frames = outputs ? s->output_count : 0;
    for (size_t i = 0; i < frames; i++) {
        tensor *each = s->tensors.all[s->outputs[i]];
        payload[i] = (piece){each->data, each->shape.count * sizeof(float)};
    }
    buffer body = result_of(took < 0 ? 0 : 1);
    if (took >= 0) {
        integer_field(&body, "duration_ns", took);
    }
    answer(s, &m->from, m->id, OK, &body, payload, frames);
}

void do_process(session *s, message *m) {
    bool acknowledge;
    field fields[] = {{"acknowledge", FLAG, 0, 0, &acknowledge, false, false}};
    if (!read_map(&m->body, fields, 1)) {
        refuse_it(s, m, "bad_message", "a malformed PROCESS");
    } else if (!s->has_inputs) {
        refuse_it(s, m, "bad_request", "PROCESS without inputs: send DATA first");
    } else {
        if (acknowledge) {
            buffer body = {0};
            put_map(&body, 4);
            text_field(&body, "phase", "started");
            integer_field(&body, "done", 0);
            integer_field(&body, "total", 1);
            number_field(&body, "elapsed_s", 0);
            answer(s, &m->from, m->id, EVENT, &body, NULL, 0);
        }
        if (has_lease(s, &m->from)) answer_run(s, m, run_once(s), false);
    }
}
