// An endpoint that answers chat completions after a fixed time, at the least cost: one thread, one epoll.
//
//   upstream PORT [--delay MS] [--events N] [--gap MS] [--bytes N]
//
// A request with "stream":true gets N events, so many milliseconds apart; others get one body of about the given size. Where
// "logprobs":true is asked for, log-probabilities come with it.
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
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, MAX_FD = 65536 };

struct connection {
    int fd, streams, tells, next_event;
    char *in;
    size_t in_count;
    char *out;
    size_t out_count, out_sent, out_size;
};

static struct connection *by_fd[MAX_FD];
static int poll_fd, events_count = 50;
static double delay, gap;
static size_t body_bytes = 600;
static char *plain, *telling;
static size_t plain_size, telling_size;

// Times at which connections have something to say: a heap, the earliest first.
struct due { uint64_t at; int fd; };
static struct due *heap;
static int heap_count, heap_size = 1 << 16;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void schedule(uint64_t at, int fd) {
    int i = heap_count++;
    if (heap_count >= heap_size) heap = realloc(heap, sizeof *heap * (size_t)(heap_size *= 2));
    while (i > 0 && heap[(i - 1) / 2].at > at) { heap[i] = heap[(i - 1) / 2]; i = (i - 1) / 2; }
    heap[i] = (struct due){at, fd};
}

static int earliest(void) {
    int fd = heap[0].fd;
    struct due last = heap[--heap_count];
    int i = 0;
    while (2 * i + 1 < heap_count) {
        int child = 2 * i + 1;
        if (child + 1 < heap_count && heap[child + 1].at < heap[child].at) child++;
        if (heap[child].at >= last.at) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return fd;
}

static void leave(struct connection *c) {
    by_fd[c->fd] = NULL;
    close(c->fd);
    free(c->in); free(c->out); free(c);
}

static void flush(struct connection *c) {
    while (c->out_sent < c->out_count) {
        ssize_t n = send(c->fd, c->out + c->out_sent, c->out_count - c->out_sent, MSG_NOSIGNAL);
        if (n <= 0) {
            struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.fd = c->fd};
            if (errno == EAGAIN) epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &event);
            return;
        }
        c->out_sent += (size_t)n;
    }
    c->out_count = c->out_sent = 0;
}

static void say(struct connection *c, const char *data, size_t count) {
    if (c->out_count + count > c->out_size) c->out = realloc(c->out, c->out_size = 2 * (c->out_count + count));
    memcpy(c->out + c->out_count, data, count);
    c->out_count += count;
}

static void chunk(struct connection *c, const char *text) {
    char line[32];
    say(c, line, (size_t)sprintf(line, "%zx\r\n", strlen(text)));
    say(c, text, strlen(text));
    say(c, "\r\n", 2);
}

#define TOLD "{\"content\":[{\"token\":\"word\",\"logprob\":-0.11,\"bytes\":null,\"top_logprobs\":[]}]}"

static void answer(struct connection *c) {
    if (!c->streams) {
        say(c, c->tells ? telling : plain, c->tells ? telling_size : plain_size);
        flush(c);
        return;
    }
    if (c->next_event == 0) {
        const char *head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        say(c, head, strlen(head));
    }
    do {
        char event[512];
        if (c->next_event < events_count) {
            sprintf(event,
                "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"up\",\"choices\":"
                "[{\"index\":0,\"delta\":{\"content\":\"word%d \"},\"logprobs\":%s,\"finish_reason\":null}]}\n\n",
                c->next_event, c->tells ? TOLD : "null");
            chunk(c, event);
            c->next_event++;
        } else {
            sprintf(event,
                "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
                "\"completion_tokens\":%d}}\n\ndata: [DONE]\n\n", events_count);
            chunk(c, event);
            say(c, "0\r\n\r\n", 5);
            c->next_event = 0;
            flush(c);
            return;
        }
    } while (gap <= 0);
    flush(c);
    schedule(now() + (uint64_t)(gap * 1e6), c->fd);
}

static void request(struct connection *c) {
    while (c->in_count > 0) {
        c->in[c->in_count] = 0;
        char *end = strstr(c->in, "\r\n\r\n");
        if (!end) return;
        char *length = strcasestr(c->in, "content-length:");
        size_t body = length && length < end ? (size_t)atol(length + 15) : 0, whole = (size_t)(end + 4 - c->in) + body;
        if (c->in_count < whole) return;
        char kept = c->in[whole];
        c->in[whole] = 0;
        // Bodies of benchmarks are written without spaces, and begin or end with what matters.
        c->streams = memmem(end, body + 4, "\"stream\":true", 13) != NULL;
        c->tells = memmem(end, body + 4, "\"logprobs\":true", 15) != NULL;
        c->in[whole] = kept;
        memmove(c->in, c->in + whole, c->in_count - whole);
        c->in_count -= whole;
        if (delay > 0) schedule(now() + (uint64_t)(delay * 1e6), c->fd);
        else answer(c);
    }
}

static char *reply(const char *logprobs, size_t *size) {
    char *text = malloc(body_bytes + 8192), *body = malloc(body_bytes + 4096);
    memset(text, 'w', body_bytes);
    text[body_bytes] = 0;
    int count = sprintf(body,
        "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"up\",\"choices\":[{\"index\":0,\"message\":"
        "{\"role\":\"assistant\",\"content\":\"%s\"},\"logprobs\":%s,\"finish_reason\":\"stop\"}],\"usage\":{"
        "\"prompt_tokens\":9,\"completion_tokens\":20,\"total_tokens\":29}}", text, logprobs);
    *size = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n", count);
    text = realloc(text, *size + (size_t)count);
    memcpy(text + *size, body, (size_t)count);
    *size += (size_t)count;
    free(body);
    return text;
}

int main(int argc, char **argv) {
    if (argc < 2) { fprintf(stderr, "upstream PORT [options]\n"); return 64; }
    for (int i = 2; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--delay")) delay = atof(argv[i + 1]);
        else if (!strcmp(argv[i], "--events")) events_count = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--gap")) gap = atof(argv[i + 1]);
        else if (!strcmp(argv[i], "--bytes")) body_bytes = (size_t)atol(argv[i + 1]);
        else { fprintf(stderr, "upstream: %s?\n", argv[i]); return 64; }
    }
    plain = reply("null", &plain_size);
    telling = reply(TOLD, &telling_size);
    heap = malloc(sizeof *heap * (size_t)heap_size);
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) { perror("listen"); return 69; }
    fcntl(listener, F_SETFL, O_NONBLOCK);
    poll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &event);
    struct epoll_event events[256];
    while (1) {
        struct timespec wait = {1, 0};
        if (heap_count > 0) {
            uint64_t time = now(), left = heap[0].at > time ? heap[0].at - time : 0;
            if (left < 1000000000ull) wait = (struct timespec){0, (long)left};
        }
        int count = epoll_pwait2(poll_fd, events, 256, &wait, NULL);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    if (fd >= MAX_FD) { close(fd); continue; }
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    struct connection *c = by_fd[fd] = calloc(1, sizeof *c);
                    c->fd = fd;
                    c->in = malloc(BUFFER + 1);
                    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
                    epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
                }
                continue;
            }
            struct connection *c = by_fd[fd];
            if (!c) continue;
            if (events[i].events & EPOLLOUT) {
                flush(c);
                if (c->out_count == 0) {
                    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
                    epoll_ctl(poll_fd, EPOLL_CTL_MOD, fd, &event);
                }
            }
            if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
            ssize_t n = recv(fd, c->in + c->in_count, BUFFER - c->in_count, 0);
            if (n <= 0) { if (n == 0 || errno != EAGAIN) leave(c); continue; }
            c->in_count += (size_t)n;
            request(c);
        }
        uint64_t time = now();
        while (heap_count > 0 && heap[0].at <= time) {
            struct connection *c = by_fd[earliest()];
            if (c) answer(c);
        }
    }
}
