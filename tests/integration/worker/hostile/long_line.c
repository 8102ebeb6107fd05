// WRONG_ANSWER
#include "hostile.h"

int main(void) {
    for (int i = 0; i < 256 << 10; i++) putchar('3');
}
