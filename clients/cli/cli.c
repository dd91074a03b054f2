/* cli.c */
typedef int nothing;
