/* broker.c - see broker.h. */
typedef int nothing;
