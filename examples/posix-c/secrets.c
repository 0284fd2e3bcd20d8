/* Secrets of a program: drawn from the system, read without a copy that stays, wiped. */
#include "secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Where there is no getrandom, getentropy does the same. */
int32_t secrets_draw(void *context, uint8_t *out, size_t len)
{
    (void)context;
    while (len > 0) {
        const ssize_t n = getrandom(out, len, 0);
        if (n > 0) {
            out += n;
            len -= (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            return -1; /* never go on with what was not filled: Lowkey makes no key then */
        }
    }
    return 0;
}

/* Not with fopen, which would leave a copy of the secrets in its buffer. */
const char *secrets_read(const char *file, void *bytes, size_t max, size_t *len)
{
    const int fd = open(file, O_RDONLY);
    if (fd < 0) {
        return strerror(errno);
    }
    ssize_t n = 0;
    *len = 0;
    while (*len < max && (n = read(fd, (uint8_t *)bytes + *len, max - *len)) > 0) {
        *len += (size_t)n;
    }
    const char *const why = n < 0 ? strerror(errno) : NULL;
    close(fd);
    return why;
}

void secrets_wipe(void *bytes, size_t len)
{
    volatile uint8_t *at = (volatile uint8_t *)bytes;
    while (len-- > 0) {
        *at++ = 0;
    }
}
