// A filter in C: denies opens of *.secret and prints the others. When its connection ends, as by a
// restart of the service, it registers again; it ends when nobody has answered for 30 seconds.
//
//     cc -o filter filter.c && bypassio attach process MOUNT && ./filter /run/bypassio/MOUNT.sock
//
// It looks for two members of each line, which the service writes in this order: a program that
// needs more of a question takes a JSON library.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char line[1 << 17];

static void answer(FILE *out, unsigned long long id, const char *path, size_t length) {
    int is_secret = length >= 7 && memcmp(path + length - 7, ".secret", 7) == 0;
    fprintf(out, "{\"reply\":%llu,\"message\":{\"answer\":\"%s\"%s}}\n", id,
            is_secret ? "deny" : "allow", is_secret ? ",\"errno\":\"EPERM\"" : "");
    fflush(out);
    printf("%s %.*s\n", is_secret ? "deny" : "allow", (int)length, path);
}

// Registers, and answers until the connection ends. Whether it was connected at all.
static int serve(const char *port) {
    int connection = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&address, sizeof address) != 0)
        return close(connection), 0;
    FILE *in = fdopen(connection, "r"), *out = fdopen(dup(connection), "w");
    if (in == NULL || out == NULL) return 0;
    fprintf(out, "GET /v1/ports/%s HTTP/1.1\r\nHost: localhost\r\n", port);
    fprintf(out, "Connection: Upgrade\r\nUpgrade: bypassio-port/1\r\n\r\n");
    fflush(out);
    int is_served = fgets(line, sizeof line, in) != NULL && strstr(line, " 101 ") != NULL;
    if (is_served) {
        fprintf(out, "{\"id\":1,\"message\":{\"register\":{\"version\":1,\"name\":\"secrets\","
                     "\"operations\":[\"open\"],\"paths\":[\"*\"]}}}\n");
        fflush(out);
    }
    while (is_served && fgets(line, sizeof line, in) != NULL) {
        const char *path = strstr(line, "\"path\":\"");
        if (strncmp(line, "{\"id\":", 6) == 0 && path != NULL) {
            // The path ends at the next quote without a backslash before it.
            const char *start = path + 8, *end = start;
            while (*end != '\0' && *end != '"') end += *end == '\\' && end[1] != '\0' ? 2 : 1;
            answer(out, strtoull(line + 6, NULL, 10), start, (size_t)(end - start));
        } else if (line[0] == '{') {
            printf("%s", line);
        }
        fflush(stdout);
    }
    fclose(in), fclose(out);
    errno = EPROTO;  // For who was not served.
    return is_served;
}

int main(int count, char **words) {
    if (count < 2 || strlen(words[1]) >= sizeof address.sun_path)
        return fprintf(stderr, "usage: %s SOCKET [PORT]\n", words[0]), 64;
    strcpy(address.sun_path, words[1]);
    signal(SIGPIPE, SIG_IGN);
    for (time_t last = 0;; usleep(200000)) {
        if (serve(count > 2 ? words[2] : "process")) {
            last = time(NULL);
        } else if (last == 0 || time(NULL) - last > 30) {
            return perror(words[1]), 66;
        }
    }
}
