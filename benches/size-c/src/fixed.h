/* What benches/size/src/fixed.rs says, for C: keys and randomness that are the same at every run, so that the peer can
 * be recorded. Only for measuring: whoever knows them knows everything. */
#ifndef FIXED_H
#define FIXED_H

#define DEVICE_KEY_BYTE 0x11
#define SERVER_KEY_BYTE 0x22
#define PSK_BYTE 0x33
#define CODE_BYTE 0x5a
/* The server's is the complement. */
#define HEDGE_BYTE 0x44
#define RANDOM_BYTE 0x55
#define OUR_MESSAGE_BYTE 0x66
#define ID "size-row"
#define ID_LEN 8
#define MESSAGE_LEN 64
#define BOOT 1

/* A key of one byte. */
#define REPEAT_8(byte) byte, byte, byte, byte, byte, byte, byte, byte
#define REPEAT_32(byte) {REPEAT_8(byte), REPEAT_8(byte), REPEAT_8(byte), REPEAT_8(byte)}

#endif
