// TIME_LIMIT_EXCEEDED RUNTIME_ERROR
#include "hostile.h"

int main(void) {
    for (;;) fork();
}
