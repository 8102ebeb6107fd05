// OUTPUT_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    for (;;) putchar(0);
}
