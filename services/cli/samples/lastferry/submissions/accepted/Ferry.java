import java.util.Scanner;

public class Ferry {
    public static void main(String[] args) {
        Scanner input = new Scanner(System.in);
        long cars = input.nextLong();
        long capacity = input.nextLong();
        long loads = (cars + capacity - 1) / capacity;
        System.out.println(loads == 0 ? 0 : 2 * loads - 1);
    }
}
