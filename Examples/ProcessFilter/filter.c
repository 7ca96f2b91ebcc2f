// A filter in C: denies opens of *.secret and prints the others.
//
//     cc -o filter filter.c && bypassio attach process MOUNT && ./filter /run/bypassio/MOUNT.sock
//
// It looks for two members of each line, which the service writes in this order: a program that
// needs more of a question takes a JSON library.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static FILE *connect_to(const char *path, const char *port) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return NULL;
    strcpy(address.sun_path, path);
    int connection = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) != 0)
        return NULL;
    FILE *lines = fdopen(connection, "r+");
    if (lines == NULL) return NULL;
    setvbuf(lines, NULL, _IOLBF, 1 << 17);
    fprintf(lines, "GET /v1/ports/%s HTTP/1.1\r\nHost: localhost\r\n", port);
    fprintf(lines, "Connection: Upgrade\r\nUpgrade: bypassio-port/1\r\n\r\n");
    fflush(lines);
    return lines;
}

int main(int count, char **words) {
    static char line[1 << 17];
    if (count < 2) return fprintf(stderr, "usage: %s SOCKET [PORT]\n", words[0]), 64;
    FILE *in = connect_to(words[1], count > 2 ? words[2] : "process");
    if (in == NULL) return perror(words[1]), 66;
    FILE *out = fdopen(fileno(in), "w");
    if (out == NULL || fgets(line, sizeof line, in) == NULL || strstr(line, " 101 ") == NULL)
        return fprintf(stderr, "%s: %s", words[1], line), 69;
    fprintf(out, "{\"id\":1,\"message\":{\"register\":{\"version\":1,\"name\":\"secrets\","
                 "\"operations\":[\"open\"],\"paths\":[\"*\"]}}}\n");
    fflush(out);
    while (fgets(line, sizeof line, in) != NULL) {
        const char *id = strstr(line, "{\"id\":"), *path = strstr(line, "\"path\":\"");
        if (id != line || path == NULL) {
            if (line[0] == '{') printf("%s", line), fflush(stdout);
            continue;
        }
        // The path ends at the next quote without a backslash before it.
        const char *start = path + 8, *end = start;
        while (*end != '\0' && *end != '"') end += *end == '\\' ? 2 : 1;
        int is_secret = end - start >= 7 && memcmp(end - 7, ".secret", 7) == 0;
        fprintf(out, "{\"reply\":%llu,\"message\":{\"answer\":\"%s\"%s}}\n",
                strtoull(id + 6, NULL, 10), is_secret ? "deny" : "allow",
                is_secret ? ",\"errno\":\"EPERM\"" : "");
        fflush(out);
        printf("%s %.*s\n", is_secret ? "deny" : "allow", (int)(end - start), start);
        fflush(stdout);
    }
    return 0;
}
