// WRONG_ANSWER
#include "hostile.h"

// Its input ends, whatever it waits for.
int main(void) {
    while (getchar() != EOF);
}
