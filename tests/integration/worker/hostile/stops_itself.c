// TIME_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    raise(SIGSTOP);
}
