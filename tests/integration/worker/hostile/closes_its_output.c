// WRONG_ANSWER
#include "hostile.h"

int main(void) {
    close(1);
    close(2);
    close(0);
    puts("3");
}
