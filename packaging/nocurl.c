/* Stands in for libcurl in the command that is linked statically.
 *
 * The HTTP library brings Foundation's URL loading along, whose C part calls libcurl. The command
 * serves a socket and loads no URL, so nothing here is ever called; without it the command would
 * need libcurl and some thirty libraries behind it. Each function fails, as libcurl documents
 * failure: no handle, or a code that is not 0.
 */
#include <stddef.h>

#define NO_HANDLE(name) void *name(void); void *name(void) { return NULL; }
#define FAILS(name) int name(void); int name(void) { return 2; }
#define NOTHING(name) void name(void); void name(void) {}
#define NO_TEXT(name) const char *name(void); const char *name(void) { return ""; }

NO_HANDLE(curl_easy_init)
NO_HANDLE(curl_multi_init)
NO_HANDLE(curl_multi_info_read)
NO_HANDLE(curl_slist_append)
NO_HANDLE(curl_url)
NO_HANDLE(curl_version_info)

FAILS(curl_easy_getinfo)
FAILS(curl_easy_pause)
FAILS(curl_easy_setopt)
FAILS(curl_global_init)
FAILS(curl_multi_add_handle)
FAILS(curl_multi_assign)
FAILS(curl_multi_cleanup)
FAILS(curl_multi_remove_handle)
FAILS(curl_multi_setopt)
FAILS(curl_multi_socket_action)
FAILS(curl_url_get)
FAILS(curl_url_set)

NOTHING(curl_easy_cleanup)
NOTHING(curl_free)
NOTHING(curl_slist_free_all)

NO_TEXT(curl_easy_strerror)
NO_TEXT(curl_version)
