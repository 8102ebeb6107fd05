// OUTPUT_LIMIT_EXCEEDED TIME_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    char name[32];
    for (int i = 0;; i++) {
        sprintf(name, "%d", i);
        close(creat(name, 0600));
    }
}
