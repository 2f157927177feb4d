#include "affine.h"

#include "msgpack.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files and wire are little-endian");

typedef struct {
    const uint8_t *at, *end;
} input;

static bool take(input *from, void *to, size_t size) {
    if ((size_t)(from->end - from->at) < size) return false;
    memcpy(to, from->at, size);
    from->at += size;
    return true;
}

static bool take_shape(input *from, shape *to) {
    uint16_t length;
    if (!take(from, &length, 2) || !length || length > MAX_NAME) return false;
    if (!take(from, to->name, length) || memchr(to->name, 0, length)) return false;
    if (code_points((const uint8_t *)to->name, length) < 0) return false;
    if (!take(from, &to->rank, 4) || to->rank > MAX_RANK) return false;
    to->count = 1;
    for (uint32_t i = 0; i < to->rank; i++) {
        if (!take(from, &to->sizes[i], 4) || !to->sizes[i]) return false;
        if (to->sizes[i] > MAX_ELEMENTS / to->count) return false;
        to->count *= to->sizes[i];
    }
    return true;
}

static bool take_floats(input *from, float **to, size_t count) {
    if ((size_t)(from->end - from->at) / sizeof **to < count) return false;
    *to = malloc(count * sizeof **to);
    return *to && take(from, *to, count * sizeof **to);
}

static bool take_layer(input *from, layer *to, size_t width) {
    uint32_t kind;
    if (!take(from, &kind, 4) || kind > 1) return false;
    to->relu = kind == 1;
    if (to->relu) return true;
    return take(from, &to->rows, 4) && take(from, &to->columns, 4) && to->columns == width &&
           to->rows && to->rows <= MAX_ELEMENTS &&
           take_floats(from, &to->weights, (size_t)to->rows * to->columns) &&
           take_floats(from, &to->bias, to->rows);
}

static bool take_layers(input *from, network *to) {
    size_t width = to->source.count, widest = width;
    if (!take(from, &to->count, 4) || to->count > MAX_LAYERS) return false;
    to->layers = calloc(to->count + 1, sizeof *to->layers);
    if (!to->layers) return false;
    for (uint32_t i = 0; i < to->count; i++) {
        if (!take_layer(from, &to->layers[i], width)) return false;
        if (!to->layers[i].relu) width = to->layers[i].rows;
        if (width > widest) widest = width;
    }
    for (int i = 0; i < 2; i++) to->scratch[i] = malloc(widest * sizeof(float));
    return to->scratch[0] && to->scratch[1] && width == to->result.count && from->at == from->end;
}

network *network_load(const uint8_t *content, size_t size, const char **problem) {
    input from = {content, content + size};
    network *net = calloc(1, sizeof *net);
    char magic[8];
    *problem = "cannot load the artifact: it is no affine network";
    if (net && take(&from, magic, 8) && memcmp(magic, "AFFINE1\n", 8) == 0) {
        *problem = "cannot load the artifact: it is damaged, or too large";
        if (take_shape(&from, &net->source) && take_shape(&from, &net->result) &&
            take_layers(&from, net)) {
            *problem = NULL;
            return net;
        }
    }
    network_free(net);
    return NULL;
}

void network_free(network *net) {
    if (!net) return;
    for (uint32_t i = 0; net->layers && i < net->count; i++) {
        free(net->layers[i].weights);
        free(net->layers[i].bias);
    }
    free(net->layers);
    free(net->scratch[0]);
    free(net->scratch[1]);
    free(net);
}

static void network_run(const network *net, const float *source, float *result) {
    float *current = net->scratch[0], *other = net->scratch[1];
    size_t width = net->source.count;
    memcpy(current, source, width * sizeof *current);
    for (uint32_t i = 0; i < net->count; i++) {
        const layer *each = &net->layers[i];
        if (each->relu) {
            for (size_t j = 0; j < width; j++) current[j] = current[j] > 0 ? current[j] : 0;
            continue;
        }
        for (size_t row = 0; row < each->rows; row++) {
            const float *weights = each->weights + row * width;
            float sum = each->bias[row];
            for (size_t j = 0; j < width; j++) sum += weights[j] * current[j];
            other[row] = sum;
        }
        width = each->rows;
        float *before = current;
        current = other;
        other = before;
    }
    memcpy(result, current, width * sizeof *result);
}

size_t tensors_find(const tensors *all, const char *name, size_t size) {
    size_t at = 0;
    while (at < all->count && (strlen(all->all[at]->shape.name) != size ||
                               memcmp(all->all[at]->shape.name, name, size) != 0))
        at++;
    return at;
}

static bool same_shape(const shape *one, const shape *other) {
    return one->rank == other->rank &&
           memcmp(one->sizes, other->sizes, one->rank * sizeof *one->sizes) == 0;
}

/* The tensor's place, which is made if there is none; NULL, or what is wrong. */
static const char *place(tensors *known, const shape *wanted, size_t *to) {
    *to = tensors_find(known, wanted->name, strlen(wanted->name));
    if (*to < known->count)
        return same_shape(&known->all[*to]->shape, wanted)
                   ? NULL
                   : "two stages disagree about the shape of a tensor";
    tensor **grown = realloc(known->all, (known->count + 1) * sizeof *grown);
    if (grown) known->all = grown;
    tensor *made = calloc(1, sizeof *made);
    float *data = calloc(wanted->count, sizeof *data);
    if (!grown || !made || !data) {
        free(made);
        free(data);
        return "there is not enough memory";
    }
    *made = (tensor){*wanted, data};
    known->all[known->count++] = made;
    return NULL;
}

static bool among(const size_t *places, size_t count, size_t wanted) {
    for (size_t i = 0; i < count; i++)
        if (places[i] == wanted) return true;
    return false;
}

const char *chain_wire(chain *to, tensors *known, network **stages, size_t count) {
    *to = (chain){.count = count};
    to->stages = malloc(count * sizeof *stages);
    to->takes = malloc(count * sizeof *to->takes);
    to->gives = malloc(count * sizeof *to->gives);
    to->inputs = malloc(count * sizeof *to->inputs);
    if (!to->stages || !to->takes || !to->gives || !to->inputs) return "there is not enough memory";
    memcpy(to->stages, stages, count * sizeof *stages);
    for (size_t i = 0; i < count; i++) {
        const char *problem = place(known, &stages[i]->source, &to->takes[i]);
        if (!problem) problem = place(known, &stages[i]->result, &to->gives[i]);
        if (problem) return problem;
        bool given = among(to->gives, i, to->takes[i]);
        if (!given && !among(to->inputs, to->input_count, to->takes[i]))
            to->inputs[to->input_count++] = to->takes[i];
        if (among(to->gives, i, to->gives[i]) || among(to->inputs, to->input_count, to->gives[i]))
            return "two stages of a chain give a tensor of one name";
    }
    return NULL;
}

void chain_run(const chain *run, const tensors *on) {
    for (size_t i = 0; i < run->count; i++)
        network_run(run->stages[i], on->all[run->takes[i]]->data, on->all[run->gives[i]]->data);
}

void chain_free(chain *run) {
    free(run->stages);
    free(run->takes);
    free(run->gives);
    free(run->inputs);
    *run = (chain){0};
}

void tensors_free(tensors *all) {
    for (size_t i = 0; i < all->count; i++) {
        free(all->all[i]->data);
        free(all->all[i]);
    }
    free(all->all);
    *all = (tensors){0};
}
