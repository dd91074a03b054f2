/* letters.c - see letters.h. */
#include "letters.h"

#include "utf8.h"
#include <stdbool.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>

#define LETTERS_MAX 2000u      /* bytes above 0x7F looked at */
#define DETECTOR_SIZE 65536u   /* bytes given to ICU's detector */
#define DETECTOR_SURE 50       /* its confidence below which its answer does not count */
#define GOOD_MARKS 0.72        /* mean above which letters make sense */
#define WINDOWS_ADVANTAGE 0.05 /* of the encoding that nearly all such files have */

/* The first is what Windows programs write, the others old Macintoshes and DOS programs. */
static const char *const NAMES[] = {"windows-1252", "macintosh", "IBM850"};
#define NAMES_COUNT (sizeof NAMES / sizeof NAMES[0])

/* What each byte is in one encoding; 0: nothing. */
typedef struct code_page {
    UChar of[256];
} code_page;

static void
load(code_page *page, const char *name)
{
    UErrorCode rc = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(name, &rc);
    for (unsigned i = 0; i < 256; i++) {
        UChar out[4] = {0};
        char byte = (char)i;
        UErrorCode one = U_ZERO_ERROR;
        int32_t size = converter == NULL ? 0 : ucnv_toUChars(converter, out, 4, &byte, 1, &one);
        page->of[i] = U_SUCCESS(one) && size == 1 && out[0] != 0xFFFD && (out[0] < 0x80 || out[0] > 0x9F) ? out[0] : 0;
    }
    if (converter != NULL)
        ucnv_close(converter);
}

static bool
among(UChar c, const UChar *set)
{
    for (; *set != 0; set++)
        if (*set == c)
            return true;
    return false;
}

/* Marks for one character between its neighbours: 1 is just right, 0 cannot be. */
static double
marks_of(UChar c, UChar before, UChar after)
{
    static const UChar common[] = u"\u00e0\u00e1\u00e2\u00e3\u00e4\u00e5\u00e6\u00e7\u00e8\u00e9\u00ea\u00eb\u00ed"
                                  u"\u00ee\u00ef\u00f1\u00f3\u00f4\u00f5\u00f6\u00f8\u00fa\u00fb\u00fc\u00df";
    static const UChar capitals[] = u"\u00c0\u00c1\u00c3\u00c4\u00c5\u00c7\u00c8\u00c9\u00ca\u00cd\u00d1\u00d3\u00d4"
                                    u"\u00d6\u00d8\u00da\u00dc";
    static const UChar signs[] =
        u"\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u20ac\u00a3\u00b0\u00a7\u00a9\u00ae"
        u"\u00ab\u00bb\u00bf\u00a1\u00ba\u00aa\u00b7\u00a0\u00b4\u2022\u00b2\u00b3\u00b5\u2122";
    bool letter_before = u_isalpha(before), letter_after = u_isalpha(after);
    if (c == 0)
        return 0;
    if (among(c, common) || among(c, capitals)) {
        if (!letter_before && !letter_after)
            return c == 0xe0 ? 0.5 : 0.1; // "à" is a word
        if (among(c, capitals))
            return u_islower(before) ? 0 : 0.9;
        return u_isupper(after) && u_islower(before) ? 0.2 : 1;
    }
    if (among(c, signs)) {
        if (letter_before && letter_after)
            return c == 0x2019 ? 0.8 : 0.1;
        return 0.75;
    }
    return u_isalpha(c) && (letter_before || letter_after) ? 0.3 : 0;
}

/* Mean of the marks in this encoding; right UTF-8 among the bytes is passed over. */
static double
mean_marks(const code_page *page, const uint8_t *data, size_t size)
{
    double sum = 0;
    uint32_t seen = 0;
    for (size_t i = 0; i < size && seen < LETTERS_MAX; i++) {
        if (data[i] < 0x80) {
            i += utf8_ascii(data + i, size - i) - 1;
            continue;
        }
        UChar before = i > 0 ? page->of[data[i - 1]] : ' ', after = i + 1 < size ? page->of[data[i + 1]] : ' ';
        sum += marks_of(page->of[data[i]], before, after);
        seen++;
    }
    return seen == 0 ? 0 : sum / seen;
}

/* ICU's answer, if it is firm. */
static letters_guess
ask_icu(const uint8_t *data, size_t size)
{
    letters_guess guess = {NULL, 0};
    UErrorCode rc = U_ZERO_ERROR;
    UCharsetDetector *detector = ucsdet_open(&rc);
    ucsdet_setText(detector, (const char *)data, (int32_t)(size < DETECTOR_SIZE ? size : DETECTOR_SIZE), &rc);
    const UCharsetMatch *match = U_SUCCESS(rc) ? ucsdet_detect(detector, &rc) : NULL;
    int32_t sure = match == NULL || U_FAILURE(rc) ? 0 : ucsdet_getConfidence(match, &rc);
    const char *name = sure >= DETECTOR_SURE ? ucsdet_getName(match, &rc) : NULL;
    // Only names that live on: those of encodings that are known.
    static const char *const known[] = {"windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1255",
                                        "windows-1256", "ISO-8859-2",   "ISO-8859-5",   "ISO-8859-7",   "ISO-8859-8",
                                        "ISO-8859-9",   "KOI8-R",       "Shift_JIS",    "EUC-JP",       "EUC-KR",
                                        "GB18030",      "Big5"};
    for (size_t i = 0; name != NULL && i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], name) == 0)
            guess = (letters_guess){known[i], (uint32_t)sure};
    ucsdet_close(detector);
    return guess;
}

letters_guess
letters_encoding(const uint8_t *data, size_t size)
{
    double best = 0, second = 0;
    size_t which = 0;
    for (size_t i = 0; i < NAMES_COUNT; i++) {
        code_page page;
        load(&page, NAMES[i]);
        double marks = mean_marks(&page, data, size) + (i == 0 ? WINDOWS_ADVANTAGE : 0);
        if (marks > best) {
            second = best;
            best = marks;
            which = i;
        } else if (marks > second) {
            second = marks;
        }
    }
    if (best < GOOD_MARKS) {
        letters_guess other = ask_icu(data, size);
        if (other.name != NULL)
            return other;
    }
    double sure = 50 + 100 * (best - second);
    if (best < GOOD_MARKS / 2)
        return (letters_guess){NULL, 0};
    return (letters_guess){NAMES[which], sure > 95 ? 95 : (uint32_t)sure};
}
