// RUNTIME_ERROR
#include "hostile.h"

int main(void) {
    execl("/bin/false", "false", NULL);
}
