// An external engine of fio: one of fio's own, which sends ENABLE for each file that it opens.
//
//     contrib/fio/build FIO_SOURCE
//     fio --name=job --ioengine=external:$PWD/.build-install/fio/bypassio-io_uring.so --direct=1 …
//
// Reads are those of the engine that ENGINE names, with its options: what fio measures is what it
// measures without bypass, but for the route. For each file it prints the route, or which layer
// refuses and why. With BYPASSIO_FIO=require in the environment a refusal ends the job.
#include "fio.h"
#include "bypassio.h"

#ifndef ENGINE
#error "name one of fio's engines, such as -DENGINE='\"io_uring\"'"
#endif

static struct ioengine_ops engine;
static int (*open_below)(struct thread_data *, struct fio_file *);

static int is_required(void) {
    const char *wish = getenv("BYPASSIO_FIO");
    return wish && strcmp(wish, "require") == 0;
}

// ENABLE is granted where filters and file system agree; a QUERY tells whether a driver below them
// refuses.
static void tell_route(struct fio_file *f) {
    struct fs_bpio_output output;
    int32_t status;
    if (bypassio_query(f->fd, &output, &status) != 0 || status < 0
        || output.results.op_status >= 0) {
        log_info("bypassio: %s: reads go past the filters\n", f->file_name);
        return;
    }
    char driver[BYPASSIO_DRIVER_NAME_SIZE], reason[BYPASSIO_REASON_SIZE];
    bypassio_failing_driver(&output.results, driver, sizeof driver);
    bypassio_failure_reason(&output.results, reason, sizeof reason);
    log_info(
        "bypassio: %s: reads go past the filters and through the volume's drivers, because %s "
        "refuses: %s\n", f->file_name, driver, reason);
}

// Returns 0, or EOPNOTSUPP where bypass is required and not had.
static int ask_for_bypass(struct thread_data *td, struct fio_file *f) {
    struct fs_bpio_output output;
    int32_t status;
    int error = bypassio_enable(f->fd, &output, &status);
    if (error == -ENOTTY) {
        log_info("bypassio: %s: on no bypassio volume, read as usual\n", f->file_name);
    } else if (error != 0) {
        log_info("bypassio: %s: ENABLE was not sent: %s\n", f->file_name, strerror(-error));
    } else if (status < 0) {
        log_info("bypassio: %s: ENABLE failed: NTSTATUS 0x%08X\n", f->file_name, (unsigned)status);
    } else if (output.results.op_status < 0) {
        char driver[BYPASSIO_DRIVER_NAME_SIZE], reason[BYPASSIO_REASON_SIZE];
        bypassio_failing_driver(&output.results, driver, sizeof driver);
        bypassio_failure_reason(&output.results, reason, sizeof reason);
        log_info("bypassio: %s: %s refuses: %s\n", f->file_name, driver, reason);
    } else {
        tell_route(f);
        return 0;
    }
    return is_required() ? EOPNOTSUPP : 0;
}

static int open_file(struct thread_data *td, struct fio_file *f) {
    int error = open_below ? open_below(td, f) : generic_open_file(td, f);
    if (error || f->fd < 0) return error;
    if (!td->o.odirect)
        log_info("bypassio: %s: only O_DIRECT reads bypass: --direct=1\n", f->file_name);
    error = ask_for_bypass(td, f);
    if (!error) return 0;
    td_verror(td, error, "bypass is required");
    // Nobody has read by it, so that a close that fails loses nothing.
    int closed = engine.close_file ? engine.close_file(td, f) : generic_close_file(td, f);
    return closed ? closed : error;
}

// fio looks for this name. The structure is made of the other engine's, whose options and memory
// stay its own.
void get_ioengine(struct ioengine_ops **ops) {
    // Only the name in it is looked at.
    struct thread_data *asking = calloc(1, sizeof *asking);
    *ops = NULL;
    if (!asking) return;
    asking->o.ioengine = (char *)ENGINE;
    struct ioengine_ops *below = load_ioengine(asking);
    free(asking);
    if (!below) return;
    engine = *below;
    engine.name = "bypassio-" ENGINE;
    open_below = below->open_file;
    engine.open_file = open_file;
    *ops = &engine;
}
