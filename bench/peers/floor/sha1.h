/* sha1 computes what the handshake of XEP-0114 needs, of a short text (FIPS 180-4, 6.1). */
#ifndef SHA1_H
#define SHA1_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t rotate(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* mix takes one block of 64 bytes into the five words of the state. */
static void mix(uint32_t h[5], const unsigned char *block) {
	static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	uint32_t w[80], s[5];
	for (int t = 0; t < 16; t++)
		w[t] = (uint32_t)block[4 * t] << 24 | block[4 * t + 1] << 16 | block[4 * t + 2] << 8 | block[4 * t + 3];
	for (int t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	memcpy(s, h, sizeof s);
	for (int t = 0; t < 80; t++) {
		uint32_t parity = s[1] ^ s[2] ^ s[3];
		uint32_t choose = (s[1] & s[2]) | (~s[1] & s[3]);
		uint32_t majority = (s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3]);
		uint32_t f = t < 20 ? choose : t >= 40 && t < 60 ? majority : parity;
		uint32_t next = rotate(s[0], 5) + f + s[4] + k[t / 20] + w[t];
		s[4] = s[3], s[3] = s[2], s[2] = rotate(s[1], 30), s[1] = s[0], s[0] = next;
	}
	for (int i = 0; i < 5; i++)
		h[i] += s[i];
}

/* sha1 writes the digest of a text below 440 bytes in hexadecimal. */
static void sha1(const char *text, char hex[41]) {
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	unsigned char padded[512] = {0};
	size_t n = strlen(text), size = (n + 8) / 64 * 64 + 64;
	memcpy(padded, text, n);
	padded[n] = 0x80;
	padded[size - 2] = (unsigned char)(n * 8 >> 8);
	padded[size - 1] = (unsigned char)(n * 8);
	for (size_t at = 0; at < size; at += 64)
		mix(h, padded + at);
	for (int i = 0; i < 5; i++)
		sprintf(hex + 8 * i, "%08x", h[i]);
}

#endif
