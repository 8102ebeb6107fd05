// WRONG_ANSWER
#include "hostile.h"

int main(void) {
    fwrite("\xff\xfe\0\0\xc3\x28 3\0\n", 1, 10, stdout);
}
