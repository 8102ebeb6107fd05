// OUTPUT_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    for (int i = 0; i < 5; i++) fork();
    for (;;) puts("flood");
}
