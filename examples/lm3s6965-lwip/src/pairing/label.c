/* What stands on the label. */
#include "label.h"

#include <string.h>

/* A line, or what is left of the text. */
struct text {
    const char *front;
    size_t len;
};

/* Up to where flash is erased. */
static struct text written(const char *page, size_t len)
{
    size_t end = 0;
    while (end < len && page[end] != '\0' && (uint8_t)page[end] != 0xFFu) {
        end++;
    }
    const struct text text = {page, end};
    return text;
}

/* Takes the next line that is no remark off the front of `rest`. False: there is none. */
static bool next_line(struct text *rest, struct text *line)
{
    while (rest->len > 0) {
        size_t end = 0;
        while (end < rest->len && rest->front[end] != '\n') {
            end++;
        }
        const size_t taken = end < rest->len ? end + 1 : end;
        line->front = rest->front;
        line->len = end > 0 && rest->front[end - 1] == '\r' ? end - 1 : end;
        rest->front += taken;
        rest->len -= taken;
        if (line->len == 0 || line->front[0] != '#') {
            return true;
        }
    }
    return false;
}

/* Whether `line` begins with `word` and a space, behind which it then is. */
static bool follows(struct text *line, const char *word, size_t len)
{
    if (line->len <= len || memcmp(line->front, word, len) != 0 || line->front[len] != ' ') {
        return false;
    }
    line->front += len + 1;
    line->len -= len + 1;
    return true;
}

/* A port from 1 to 65,535, or 0 for what is none. */
static uint16_t read_port(struct text text)
{
    uint32_t port = 0;
    for (size_t i = 0; i < text.len; i++) {
        const uint32_t digit = (uint32_t)text.front[i] - '0';
        if (digit > 9 || (port = port * 10u + digit) > 65535u) {
            return 0;
        }
    }
    return (uint16_t)port;
}

const char *label_read(struct label *label, const char *page, size_t len)
{
    struct text rest = written(page, len), line;
    if (!next_line(&rest, &line)) {
        return "there is none";
    }
    const lowkey_status status =
        lowkey_code_text_psk(&label->psk, (const uint8_t *)line.front, line.len, label->name);
    if (status != LOWKEY_OK) {
        return status == LOWKEY_BLANK ? "a code that everybody knows" : "a typing error in its code";
    }
    bool has_server = false;
    while (next_line(&rest, &line)) {
        if (follows(&line, "server", 6)) {
            has_server = address_read(&label->server, line.front, line.len);
        } else if (follows(&line, "wait", 4)) {
            label->wait = read_port(line);
            if (label->wait == 0) {
                return "that is no port";
            }
        } else {
            return "a line that means nothing";
        }
    }
    return has_server ? NULL : "it has no server's IPv4 host:port";
}
