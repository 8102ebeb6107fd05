// RUNTIME_ERROR
#include "hostile.h"

int main(void) {
    raise(SIGKILL);
    kill(getpid(), SIGKILL);
}
