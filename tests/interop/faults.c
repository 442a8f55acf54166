/* Faults for one program, put before the C library: its clock jumps, the disk under one folder refuses to be written.
 *
 *   LD_PRELOAD=faults.so HOMING_FAULTS=control HOMING_FAULTS_FOLDER=/data program
 *
 * `control` is a file of two 64-bit numbers, read anew each time: seconds that are added to the time of day, and the errno of
 * every write below the folder (0: none). The monotonic clock is left alone, as a step of the system's clock leaves it alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *control;
static const char *folder;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("HOMING_FAULTS");
    folder = getenv("HOMING_FAULTS_FOLDER");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        control = map;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    int done = (int)syscall(SYS_clock_gettime, clock, at);
    if (done == 0 && control && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        at->tv_sec += control[0];
    return done;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

/* Whether the open file is one whose writes fail; errno says why. */
static int fails(int fd)
{
    int64_t why = control ? control[1] : 0;
    if (!why || !folder)
        return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    if (strncmp(path, folder, strlen(folder)) != 0)
        return 0;
    errno = (int)why;
    return 1;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t count)
{
    REAL(write);
    return fails(fd) ? -1 : real(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    REAL(writev);
    return fails(fd) ? -1 : real(fd, pieces, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    REAL(pwrite);
    return fails(fd) ? -1 : real(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    REAL(pwrite64);
    return fails(fd) ? -1 : real(fd, bytes, count, at);
}

int ftruncate(int fd, off_t size)
{
    REAL(ftruncate);
    return fails(fd) ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    REAL(ftruncate64);
    return fails(fd) ? -1 : real(fd, size);
}

int fsync(int fd)
{
    REAL(fsync);
    return fails(fd) ? -1 : real(fd);
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    return fails(fd) ? -1 : real(fd);
}
