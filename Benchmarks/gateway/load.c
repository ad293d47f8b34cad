// A load tool for HTTP/1.1 on loopback: one thread, one epoll, many connections.
//
//   load PORT BODY_FILE [--path P] [--connections N] [--rate R] [--seconds S] [--warm S] [--header "name: value"]...
//
// With --rate it sends at fixed times whatever comes back, and a latency counts from the time a request was due: a server
// that stalls can't hide it. Without, each connection sends its next request when the last one is answered. Prints one line
// of JSON: latencies in microseconds to the first byte of the body and to the end of the answer.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 20000, READ = 1 << 18 };

struct connection {
    int fd, busy, head_done, chunked, status;
    long left;            // body bytes to come, where the length is known
    char tail[8];         // the last bytes, in which a chunked body's end is found
    int tail_count;
    char head[8192];
    int head_count;
    uint64_t due, first;
    size_t sent;
};

static struct connection *connections;
static int connection_count = 64, idle[MAX_CONNECTIONS], idle_count, poll_fd, port;
static char *request;
static size_t request_size;
static double *whole, *begun;
static long done, errors, capacity, bytes_read, sent_count;
static uint64_t measure_from, end_at;
static double rate;
static uint64_t *waiting;
static long waiting_first, waiting_last, waiting_size = 1 << 20;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void open_connection(int index) {
    struct connection *c = &connections[index];
    memset(c, 0, sizeof *c);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) { perror("connect"); exit(69); }
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

static void push(struct connection *c) {
    while (c->sent < request_size) {
        ssize_t n = send(c->fd, request + c->sent, request_size - c->sent, MSG_NOSIGNAL);
        if (n > 0) { c->sent += (size_t)n; continue; }
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = (uint32_t)(c - connections)};
        if (errno == EAGAIN) epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &event);
        return;
    }
}

static void start(int index, uint64_t due) {
    struct connection *c = &connections[index];
    c->busy = 1; c->head_done = 0; c->head_count = 0; c->tail_count = 0; c->chunked = 0; c->left = 0;
    c->due = due; c->first = 0; c->sent = 0;
    sent_count++;
    push(c);
}

static void next(int index) {
    uint64_t time = now();
    if (rate > 0) {
        if (waiting_first < waiting_last) start(index, waiting[waiting_first++ % waiting_size]);
        else idle[idle_count++] = index;
    } else if (time < end_at) start(index, time);
}

static void finish(int index) {
    struct connection *c = &connections[index];
    uint64_t time = now();
    if (c->due >= measure_from && done < capacity) {
        if (c->status == 200) {
            begun[done] = (double)(c->first - c->due) / 1000;
            whole[done++] = (double)(time - c->due) / 1000;
        } else errors++;
    }
    c->busy = 0;
    next(index);
}

static void lost(int index) {
    struct connection *c = &connections[index];
    if (c->busy && c->due >= measure_from) errors++;
    close(c->fd);
    open_connection(index);
    next(index);
}

// Takes in what came; returns 1 when the answer is whole.
static int take(struct connection *c, const char *data, long count) {
    if (!c->head_done) {
        long room = (long)sizeof c->head - 1 - c->head_count, part = count < room ? count : room;
        memcpy(c->head + c->head_count, data, (size_t)part);
        long before = c->head_count;
        c->head_count += (int)part;
        c->head[c->head_count] = 0;
        char *end = strstr(c->head, "\r\n\r\n");
        if (!end) return 0;
        c->head_done = 1;
        c->status = atoi(c->head + 9);
        long used = end + 4 - c->head - before;
        *end = 0;
        char *length = strcasestr(c->head, "content-length:");
        c->chunked = strcasestr(c->head, "transfer-encoding: chunked") != NULL;
        c->left = length ? atol(length + 15) : 0;
        data += used; count -= used;
    }
    if (count > 0 && !c->first) c->first = now();
    if (c->chunked) {
        for (long i = count > 5 ? count - 5 : 0; i < count; i++) {
            if (c->tail_count == 5) memmove(c->tail, c->tail + 1, 4), c->tail_count = 4;
            c->tail[c->tail_count++] = data[i];
        }
        return c->tail_count == 5 && !memcmp(c->tail, "0\r\n\r\n", 5);
    }
    c->left -= count;
    if (c->left <= 0 && !c->first) c->first = now();
    return c->left <= 0;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double quantile(double *values, double share) {
    return done ? values[(long)(share * (double)(done - 1))] : 0;
}

int main(int argc, char **argv) {
    const char *path = "/v1/chat/completions";
    char headers[4096] = "";
    double seconds = 5, warm = 1;
    if (argc < 3) { fprintf(stderr, "load PORT BODY_FILE [options]\n"); return 64; }
    port = atoi(argv[1]);
    for (int i = 3; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--path")) path = argv[i + 1];
        else if (!strcmp(argv[i], "--connections")) connection_count = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--rate")) rate = atof(argv[i + 1]);
        else if (!strcmp(argv[i], "--seconds")) seconds = atof(argv[i + 1]);
        else if (!strcmp(argv[i], "--warm")) warm = atof(argv[i + 1]);
        else if (!strcmp(argv[i], "--header")) { strcat(headers, argv[i + 1]); strcat(headers, "\r\n"); }
        else { fprintf(stderr, "load: %s?\n", argv[i]); return 64; }
    }
    FILE *file = fopen(argv[2], "rb");
    if (!file) { perror(argv[2]); return 65; }
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    request = malloc((size_t)size + 8192);
    int head = sprintf(request,
        "POST %s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncontent-type: application/json\r\n%scontent-length: %ld\r\n\r\n",
        path, port, headers, size);
    request_size = (size_t)head + fread(request + head, 1, (size_t)size, file);
    fclose(file);
    capacity = 20000000;
    whole = malloc(sizeof(double) * (size_t)capacity);
    begun = malloc(sizeof(double) * (size_t)capacity);
    waiting = malloc(sizeof(uint64_t) * (size_t)waiting_size);
    connections = calloc((size_t)connection_count, sizeof *connections);
    poll_fd = epoll_create1(0);
    for (int i = 0; i < connection_count; i++) open_connection(i);

    uint64_t begin = now();
    measure_from = begin + (uint64_t)(warm * 1e9);
    end_at = measure_from + (uint64_t)(seconds * 1e9);
    int timer = -1;
    uint64_t due = begin;
    double period = rate > 0 ? 1e9 / rate : 0;
    long arrivals = 0;
    for (int i = connection_count - 1; i >= 0; i--) next(i);
    if (rate > 0) {
        timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer, &event);
    }
    char *buffer = malloc(READ);
    struct epoll_event events[256];
    while (1) {
        uint64_t time = now();
        if (rate > 0) {
            while (due <= time && due < end_at) {
                if (idle_count > 0) start(idle[--idle_count], due);
                else if (waiting_last - waiting_first < waiting_size) waiting[waiting_last++ % waiting_size] = due;
                else errors++;
                due = begin + (uint64_t)((double)++arrivals * period);
            }
            struct itimerspec at = {.it_value = {(time_t)(due / 1000000000ull), (long)(due % 1000000000ull)}};
            timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
        }
        // What still runs at the end has two seconds to come.
        int busy = 0;
        if (time >= end_at) {
            for (int i = 0; i < connection_count; i++) busy += connections[i].busy;
            if (!busy || time > end_at + 2000000000ull) break;
        }
        int count = epoll_wait(poll_fd, events, 256, 100);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u32 == UINT32_MAX) {
                uint64_t ticks;
                if (read(timer, &ticks, sizeof ticks) < 0) continue;
                continue;
            }
            int index = (int)events[i].data.u32;
            struct connection *c = &connections[index];
            if (events[i].events & EPOLLOUT) {
                push(c);
                if (c->sent == request_size) {
                    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
                    epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &event);
                }
            }
            if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
            ssize_t n = recv(c->fd, buffer, READ, 0);
            if (n <= 0) { if (n == 0 || errno != EAGAIN) lost(index); continue; }
            bytes_read += n;
            if (c->busy && take(c, buffer, n)) finish(index);
        }
    }
    qsort(whole, (size_t)done, sizeof(double), compare);
    qsort(begun, (size_t)done, sizeof(double), compare);
    printf("{\"requests\":%ld,\"errors\":%ld,\"per_second\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"max\":%.1f,"
           "\"first_p50\":%.1f,\"first_p99\":%.1f,\"megabytes\":%.1f}\n",
        done, errors, (double)done / seconds, quantile(whole, 0.5), quantile(whole, 0.9), quantile(whole, 0.99),
        quantile(whole, 1), quantile(begun, 0.5), quantile(begun, 0.99), (double)bytes_read / 1e6);
    return errors > 0 && done == 0 ? 69 : 0;
}
