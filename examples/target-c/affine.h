/* The engine: dense networks in files of the format `affine`, and chains of them.
   The format is described in ../kenning-lego-affine/kenning_lego_affine/file_format.py. */
#ifndef AFFINE_H
#define AFFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_RANK = 8, MAX_NAME = 256, MAX_LAYERS = 1024, MAX_ELEMENTS = 1 << 22 };

/* A tensor of float32; `count` is the product of its sizes. */
typedef struct {
    char name[MAX_NAME + 1];
    uint32_t rank, sizes[MAX_RANK];
    size_t count;
} shape;

typedef struct {
    bool relu;
    uint32_t rows, columns;
    float *weights, *bias;
} layer;

typedef struct {
    shape source, result;
    uint32_t count;
    layer *layers;
    float *scratch[2];
} network;

/* The network in a file; NULL and what is wrong with it. */
network *network_load(const uint8_t *content, size_t size, const char **problem);
void network_free(network *net);

/* Memory of tensors by name, shared by all chains that were wired with it. */
typedef struct {
    shape shape;
    float *data;
} tensor;

typedef struct {
    tensor **all;
    size_t count;
} tensors;

/* Networks that run one after the other; places in the tensors are given as indices. */
typedef struct {
    network **stages;
    size_t *takes, *gives;
    size_t count;
    size_t *inputs, input_count;
} chain;

/* Wire stages by their tensors' names; NULL, or what does not fit. Free the chain in both cases. */
const char *chain_wire(chain *to, tensors *known, network **stages, size_t count);
void chain_run(const chain *run, const tensors *on);
void chain_free(chain *run);
void tensors_free(tensors *all);

/* The index of the tensor of that name; `all->count` if there is none. */
size_t tensors_find(const tensors *all, const char *name, size_t size);

#endif
